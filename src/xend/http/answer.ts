// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from 'node:http';
import { messageOf, XmError } from '../../errors.ts';
import type { ApiError } from '../contract.ts';
import type { Xend } from '../service.ts';

/** Sends a whole answer of one type; nothing if its client has hung up. */
export function send(response: ServerResponse, status: number, type: string, text: string): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/** What clients are told of anything that was thrown. A defect of xend's own is logged with its stack. */
export function errorOf(xend: Xend, thrown: unknown): ApiError {
  if (thrown instanceof XmError) {
    const { code, message, exit, hint } = thrown;
    return { code, message, exit, ...(hint === undefined ? {} : { hint }) };
  }
  xend.log.write('ERROR', thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
  return { code: DEFECT, message: `Unexpected error: ${messageOf(thrown)}`, exit: 1 };
}

/** The code of an error that is xend's own fault. */
export const DEFECT = 'EINTERNAL';
