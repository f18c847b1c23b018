// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { XmError } from '../../errors.ts';
import type { Xend } from '../service.ts';
import type { XmlRpcFault, XmlRpcValue } from '../xmlrpc/contract.ts';
import { decodeCall } from '../xmlrpc/decode.ts';
import { encodeFault, encodeResult } from '../xmlrpc/encode.ts';
import { DEFECT, errorOf } from './answer.ts';
import { readBody, textOf } from './body.ts';
import { deviceOperations } from './device-operations.ts';
import { TEXT } from './kinds.ts';
import type { Operation } from './operation.ts';
import { operations } from './operations.ts';
import { poolOperations } from './pool-operations.ts';
import { whyNoMethod } from './unsupported.ts';

/** The methods of spec/xend.md 5.4 that have a meaning here. */
const METHODS: Readonly<Record<string, Operation>> = {
  'xend.domain': operations.record,
  'xend.domains': operations.list,
  'xend.domains_with_state': operations.listInState,
  'xend.domain.create': operations.create,
  'xend.domain.new': operations.new,
  'xend.domain.start': operations.start,
  'xend.domain.delete': operations.delete,
  'xend.domain.lookup': operations.record,
  'xend.domain.lookup_nr': operations.lookUp,
  'xend.domain.setpauseflag': operations.setPauseFlag,
  'xend.domain.getpauseflag': operations.pauseFlag,
  'xend.domain.pause': operations.pause,
  'xend.domain.unpause': operations.unpause,
  'xend.domain.setName': operations.rename,
  'xend.domain.shutdown': operations.shutdown,
  'xend.domain.destroy': operations.destroy,
  'xend.domain.save': operations.save,
  'xend.domain.restore': operations.restore,
  'xend.domain.suspend': operations.suspend,
  'xend.domain.resume': operations.resume,
  'xend.domain.dump': operations.dump,
  'xend.domain.reset': operations.reset,
  'xend.domain.setMemoryTarget': operations.setMemory,
  'xend.domain.maxmem_set': operations.setMaxMemory,
  'xend.domain.setVCpuCount': operations.setVcpus,
  'xend.domain.pincpu': operations.pinVcpu,
  'xend.domain.getVCPUInfo': operations.vcpus,
  'xend.domain.send_sysrq': operations.sysrq,
  'xend.domain.send_trigger': operations.trigger,
  'xend.domain.waitForDevices': operations.waitForDevices,
  'xend.domain.device_create': deviceOperations.attach,
  'xend.domain.device_configure': deviceOperations.configure,
  'xend.domain.destroyDevice': deviceOperations.detach,
  'xend.domain.getDeviceSxprs': deviceOperations.list,
  'xend.domain.getBlockDeviceClass': deviceOperations.blockClass,
  'xend.domain.getRestartCount': operations.restartCount,
  'xend.cpu_pool.create': poolOperations.create,
  'xend.cpu_pool.new': poolOperations.new,
  'xend.cpu_pool.list': poolOperations.list,
  'xend.cpu_pool.start': poolOperations.start,
  'xend.cpu_pool.destroy': poolOperations.destroy,
  'xend.cpu_pool.delete': poolOperations.delete,
  'xend.cpu_pool.cpu_add': poolOperations.addThread,
  'xend.cpu_pool.cpu_remove': poolOperations.removeThread,
  'xend.cpu_pool.migrate': poolOperations.migrate,
  'xend.node.info': operations.info,
  'xend.node.log': operations.log,
  'xend.node.dmesg.info': operations.dmesg,
  'xend.node.dmesg.clear': operations.clearDmesg,
};

const FAULTS = { internal: 1, generic: 2, invalidDomain: 3 };

/**
 * Answers one call of XML-RPC. SXP travels as nested arrays; what fails is a fault.
 *
 * @returns the response's text, whatever the request looks like
 */
export async function callRpc(xend: Xend, request: IncomingMessage): Promise<string> {
  let params: readonly XmlRpcValue[] = [];
  try {
    const call = decodeCall(textOf(await readBody(request)));
    params = call.params;
    return encodeResult(await invoke(xend, call.method, params));
  } catch (thrown) {
    return encodeFault(faultOf(xend, thrown, params));
  }
}

async function invoke(xend: Xend, method: string, params: readonly XmlRpcValue[]): Promise<XmlRpcValue> {
  if (method === 'system.listMethods') return [...Object.keys(METHODS), ...INTROSPECTION].sort();
  if (method === 'system.methodSignature') return 'signatures not supported';
  if (method === 'system.methodHelp') return helpOf(methodNamed(String(params[0])));
  return methodNamed(method).run(xend, params);
}

const INTROSPECTION = ['system.listMethods', 'system.methodSignature', 'system.methodHelp'];

function methodNamed(name: string): Operation {
  const found = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  if (found === undefined) {
    const why = name.startsWith('xend.') ? whyNoMethod(name.slice('xend.'.length)) : undefined;
    throw new XmError('ENOMETHOD', `method "${name}" is not supported${why === undefined ? '' : `: ${why}`}`);
  }
  return found;
}

function helpOf({ doc, params }: Operation): string {
  const names = params.map(({ name, fallback }) => (fallback === undefined ? name : `[${name}]`));
  return `(${names.join(', ')}): ${doc}`;
}

function faultOf(xend: Xend, thrown: unknown, params: readonly XmlRpcValue[]): XmlRpcFault {
  const { code, message } = errorOf(xend, thrown);
  if (code === DEFECT) return { faultCode: FAULTS.internal, faultString: message };
  // Where a domain is an argument, it comes first.
  if (code === 'ENODOMAIN')
    return { faultCode: FAULTS.invalidDomain, faultString: TEXT.read(params[0] ?? null) ?? message };
  return { faultCode: FAULTS.generic, faultString: message };
}
