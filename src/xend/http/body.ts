// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { XmError } from '../../errors.ts';

/** A request's body may hold a configuration file of this size, and some frame around it. */
const BODY_LIMIT = 4 * 1024 * 1024;
/** What is read beyond the limit and thrown away, in bytes: who still sends would not see the answer. */
const DRAIN_LIMIT = 16 * BODY_LIMIT;

/**
 * The body of a request.
 *
 * @throws XmError `EGONE` if its client hung up, or was cut off; `ETOOBIG`, and the connection is given up on if it is too large to be even read
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request) {
      size += (chunk as Buffer).length;
      if (size <= BODY_LIMIT) chunks.push(chunk as Buffer);
      // Leaving the loop destroys the connection.
      if (size > DRAIN_LIMIT) break;
    }
  } catch (cause) {
    throw new XmError('EGONE', 'The request came to no end', { cause });
  }
  if (size > BODY_LIMIT) {
    throw new XmError('ETOOBIG', `The request is too large: ${size} bytes of at most ${BODY_LIMIT}`);
  }
  return Buffer.concat(chunks);
}

/**
 * A body as text.
 *
 * @throws XmError `EINVAL` if it is not UTF-8
 */
export function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw new XmError('EINVAL', 'The request is not UTF-8');
  }
}
