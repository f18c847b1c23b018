// SPDX-License-Identifier: Apache-2.0
import { CMSG_STATUS } from '../domain/control.ts';
import { XmError } from '../errors.ts';
import type { XendContext } from './context.ts';
import type { XendApi } from './contract.ts';
import type { XendDomain } from './domain.ts';

/** Has Domain-0 open an end of a vchan to a domain. @throws XmError `EVCHAN` with what Domain-0 says of it */
export async function openVchanNode(
  { domains }: XendContext,
  { domid, name }: XendDomain,
  { role, path, left = 0, right = 0, wait = false }: XendApi['vchan.node']['params'],
): Promise<XendApi['vchan.node']['result']> {
  const answer = await domains.get(0)?.control?.request('VCHAN', 'NODE', { role, domid, path, left, right, wait });
  if (answer?.status !== CMSG_STATUS.okay) throw new XmError('EVCHAN', answer?.reason ?? 'Domain-0 does not run');
  return { socket: String(answer.socket), path: String(answer.path), domid, domain: name };
}
