// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from 'node:http';
import { XmError } from '../../errors.ts';
import { childValue } from '../../sxp/access.ts';
import { prettyPrint } from '../../sxp/pretty.ts';
import { show } from '../../sxp/show.ts';
import type { ApiError } from '../contract.ts';
import type { Xend } from '../service.ts';
import { DEFECT, errorOf, send } from './answer.ts';
import { deviceOperations } from './device-operations.ts';
import { readForm } from './form.ts';
import type { Operation } from './operation.ts';
import { operations } from './operations.ts';
import { noPage, type Page, pageAt } from './tree.ts';
import { whyNoMethod } from './unsupported.ts';

type Ops = Readonly<Record<string, Operation>>;

/** The operations of spec/xend.md 5.1 that have a meaning here, by the `op` of a form that is posted to the page. */
const DIRECTORY_OPS: Ops = {
  create: operations.create,
  new: operations.new,
  restore: operations.restore,
  list: operations.listInState,
};
const DOMAIN_OPS: Ops = {
  start: operations.start,
  delete: operations.delete,
  rename: operations.rename,
  pause: operations.pause,
  unpause: operations.unpause,
  shutdown: operations.shutdown,
  destroy: operations.destroy,
  reset: operations.reset,
  sysrq: operations.sysrq,
  save: operations.save,
  dump: operations.dump,
  mem_target_set: operations.setMemory,
  maxmem_set: operations.setMaxMemory,
  set_vcpus: operations.setVcpus,
  vcpuinfo: operations.vcpus,
  pincpu: operations.pinVcpu,
  wait_for_devices: operations.waitForDevices,
  do_get_pauseflag: operations.pauseFlag,
  do_set_pauseflag: operations.setPauseFlag,
  devices: deviceOperations.list,
  device: deviceOperations.one,
  device_create: deviceOperations.attach,
  device_configure: deviceOperations.configure,
  device_destroy: deviceOperations.detach,
};
const NODE_OPS: Ops = { info: operations.info, dmesg: operations.dmesg, log: operations.log };

const SXP = 'application/sxp';

/** Statuses of spec/xend.md 5.1. */
const STATUS = { done: 200, created: 201, accepted: 202, missing: 404, invalid: 406, defect: 500, noOperation: 501 };

/**
 * Answers a request for an address below `/xend`: GET reads a page, POST of a form with `op` does something. Answers are SXP;
 * what fails is `(xend.err 'text')`.
 */
export async function answerPage(
  xend: Xend,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const path = url.pathname.split('/').filter(Boolean).slice(1).map(decoded);
    if (request.method === 'POST') await post(xend, path, request, response);
    else if (request.method === 'GET') sendPage(response, await pageAt(xend, path, url.searchParams));
    else throw new XmError('ENOOP', `operation not implemented: ${request.method}`);
  } catch (thrown) {
    const error = errorOf(xend, thrown);
    send(response, statusOf(error), SXP, `${show(['xend.err', error.message])}\n`);
  }
}

function statusOf({ code, exit }: ApiError): number {
  if (code === DEFECT) return STATUS.defect;
  if (code === 'ENOOP') return STATUS.noOperation;
  return exit === 3 ? STATUS.missing : STATUS.invalid;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw noPage([segment]);
  }
}

function sendPage(response: ServerResponse, page: Page): void {
  if ('text' in page) send(response, STATUS.done, 'text/plain; charset=utf-8', String(page.text));
  else if ('form' in page) send(response, STATUS.done, SXP, prettyPrint(page.form));
  // Two blanks, as it always was.
  else send(response, STATUS.done, SXP, `(ls  ${page.names.map(show).join(' ')})\n`);
}

async function post(
  xend: Xend,
  path: readonly string[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const fields = await readForm(request);
  const { ops, domain } = opsAt(path);
  const op = fields.get('op') ?? '';
  const operation = Object.hasOwn(ops, op) ? ops[op] : undefined;
  if (operation === undefined) {
    const why = whyNoMethod(`${path[0]}.${op}`);
    throw new XmError('ENOOP', `operation not implemented: ${op}${why === undefined ? '' : `: ${why}`}`);
  }
  const known = ['op', ...operation.params.map(({ name }) => name)];
  const unknown = [...fields.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw new XmError('EINVAL', `${op} has no parameter ${show(unknown)}`);
  const given = operation.params.map(({ name }) => (name === 'domain' ? domain : fields.get(name)));
  const result = await operation.run(xend, given);
  if (operation === operations.create && result !== null) {
    response.setHeader('location', `/xend/domain/${encodeURIComponent(String(childValue(result, 'name')))}`);
  }
  const status = operation === operations.create ? STATUS.created : STATUS.done;
  if (result === null) send(response, STATUS.accepted, SXP, '');
  else send(response, status, SXP, prettyPrint(result));
}

/** What can be done at a page, and the domain it is of. @throws XmError `ENOOP` where nothing can */
function opsAt(path: readonly string[]): { readonly ops: Ops; readonly domain?: string | undefined } {
  const [top, domain, ...rest] = path;
  if (top === 'node' && domain === undefined) return { ops: NODE_OPS };
  if (top === 'domain' && rest.length === 0) return { ops: domain === undefined ? DIRECTORY_OPS : DOMAIN_OPS, domain };
  throw new XmError('ENOOP', `operation not implemented at ${path.join('/')}`);
}
