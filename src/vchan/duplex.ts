// SPDX-License-Identifier: Apache-2.0
import { Duplex } from 'node:stream';
import { XmError } from '../errors.ts';
import type { Vchan, VchanEnd } from './contract.ts';

/** Bytes that are handed to a reader at once. */
const CHUNK = 65_536;

function failure({ kind, reason }: VchanEnd): XmError | null {
  return kind === 'closed' ? null : new XmError(kind === 'died' ? 'EPEERDIED' : 'EPEERBROKEN', reason);
}

/** A channel as a stream; see {@link Vchan.duplex}. */
export function duplexOver(channel: Vchan): Duplex {
  async function pull(): Promise<void> {
    let ready = channel.dataReady();
    while (ready === 0) {
      await channel.changed();
      ready = channel.dataReady();
    }
    if (stream.destroyed) return;
    if (ready > 0) {
      const chunk = Buffer.allocUnsafe(Math.min(ready, CHUNK));
      stream.push(chunk.subarray(0, channel.tryRead(chunk)));
      return;
    }
    const error = failure(await channel.ended);
    if (error === null) stream.push(null);
    else stream.destroy(error);
  }

  const stream = new Duplex({
    allowHalfOpen: false,
    read: () => void pull(),
    write(chunk: Uint8Array, _encoding, done) {
      void channel.write(chunk).then(async (written) => {
        if (written === chunk.length) return done();
        done(failure(await channel.ended) ?? new XmError('EPIPE', 'the channel is closed'));
      });
    },
    final: (done) => void channel.close().then(() => done(), done),
    destroy: (error, done) => void channel.close().then(() => done(error), done),
  });
  return stream;
}
