// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { XmError } from '../../errors.ts';
import { readBody } from './body.ts';

/**
 * The fields of a form that was posted, URL-encoded or multipart; a file counts for its text.
 *
 * @throws XmError `EFORM` if it is neither, `ETOOBIG`
 */
export async function readForm(request: IncomingMessage): Promise<ReadonlyMap<string, string>> {
  const body = await readBody(request);
  const type = request.headers['content-type'] ?? 'application/x-www-form-urlencoded';
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData().catch(() => {
    throw new XmError('EFORM', 'The request is not a form');
  });
  const fields = await Promise.all(
    [...form].map(async ([name, value]) => [name, typeof value === 'string' ? value : await value.text()] as const),
  );
  return new Map(fields);
}
