// SPDX-License-Identifier: Apache-2.0
import { createWireOutput } from '../../src/xenstore/wire.ts';

/** A request of the xenstore protocol as bytes; a reply or an event looks the same. */
export function wireRequest(type: number, payload = '', { id = 7, tx = 0 } = {}): Buffer {
  const output = createWireOutput();
  let request = Buffer.alloc(0);
  output.message(type, id, tx, payload);
  output.flush((bytes, length) => {
    request = Buffer.from(bytes.subarray(0, length));
  });
  return request;
}
