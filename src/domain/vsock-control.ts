// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import { createCalls } from '../vsock/calls.ts';
import type { Vsocks } from '../vsock/contract.ts';
import { CMSG_STATUS, type ControlAnswer, type ControlBody } from './control.ts';

/**
 * How xend reaches the link manager of a domain: the control messages of type VSOCK. The first one starts it, if nothing has.
 *
 * @param more what else this domain is asked, e.g. Domain-0
 */
export function createVsockControl(
  vsocks: () => Vsocks,
  more: Readonly<Record<string, (body: ControlBody) => Promise<ControlBody> | ControlBody>> = {},
) {
  let calls: ReturnType<typeof createCalls> | undefined;
  const MESSAGES: typeof more = {
    ...more,
    START: () => ({}),
    LIST: () => ({ links: vsocks().links() }),
    async CALL({ method, params }) {
      calls ??= createCalls(vsocks());
      const name = String(method);
      const call = Object.hasOwn(calls, name) ? calls[name] : undefined;
      if (call === undefined) throw new XmError('ENOMETHOD', `method "${name}" is not supported`);
      return { result: await call(...(params as readonly unknown[])) };
    },
  };

  return async (subtype: string, body: ControlBody): Promise<ControlAnswer> => {
    const answer = MESSAGES[subtype];
    if (answer === undefined) return { status: CMSG_STATUS.error, reason: `no message ${subtype}` };
    vsocks();
    return { status: CMSG_STATUS.okay, ...(await answer(body)) };
  };
}
