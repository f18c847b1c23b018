// SPDX-License-Identifier: Apache-2.0
import { type Endpoint, type ReadResult, type ReadTarget, TRANSPORT } from './contract.ts';

/** What a read is when its buffer is full: nothing that comes later changes that. */
const FILLED: ReadResult = { filled: true, transport: TRANSPORT.ok, error: 0, status: new Uint8Array(0) };

/**
 * {@link Endpoint.read}, made of a registration and a call (spec/idc.md 1.3, rule 67): whichever ends first decides. The call
 * has storage of its own, so an answer that comes after the fill finds nobody, and writes where nobody looks.
 */
export async function read(
  { register, call }: Pick<Endpoint, 'register' | 'call'>,
  { buffer, map, by = 'copy' }: ReadTarget,
  request: (reference: Uint8Array) => Uint8Array,
): Promise<ReadResult | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<ReadResult>();
  const registration = register(buffer, { rights: 'write', by, fill: { map, onFilled: () => resolve(FILLED) } });
  if (registration === undefined) return undefined;
  try {
    call(request(registration.reference)).then((answer) => resolve({ filled: false, ...answer }), reject);
    return await promise;
  } finally {
    // What is late or doubled must not find memory that is the caller's again (rule 66 iii).
    await new Promise<void>((done) => registration.unregister(done));
  }
}
