// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { XmError } from '../../errors.ts';
import { PROTOCOL_HEADER, STABLE_METHODS, type XendMethod } from '../contract.ts';
import type { Xend } from '../service.ts';
import { readBody, textOf } from './body.ts';
import { checkParams } from './params.ts';

/**
 * Answers `POST /api/METHOD`.
 *
 * @param protocol ours
 * @throws XmError what the method throws; `ENOMETHOD`, `EINVAL`, `ETOOBIG`; `EPROTOCOL` if a client of another protocol could
 *   misunderstand the method
 */
export async function callJson(
  xend: Xend,
  method: string,
  request: IncomingMessage,
  protocol: number,
): Promise<unknown> {
  if (!Object.hasOwn(xend.methods, method)) throw new XmError('ENOMETHOD', `xend has no method ${method}`);
  const body = await readBody(request);
  const theirs = request.headers[PROTOCOL_HEADER] ?? String(protocol);
  if (theirs !== String(protocol) && !STABLE_METHODS.includes(method as XendMethod)) {
    throw new XmError('EPROTOCOL', `This xend speaks protocol ${protocol}, and its client another: no ${method}`, {
      hint: "xm list, xm destroy and xm xend stop work all the same; 'xm xend restart' ends all domains",
    });
  }
  const params = checkParams(method as XendMethod, parse(textOf(body)));
  const call = xend.methods[method as XendMethod] as (params: unknown) => Promise<unknown>;
  return call(params);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text || '{}');
  } catch {
    throw new XmError('EINVAL', 'The request is not a JSON object');
  }
}
