// SPDX-License-Identifier: Apache-2.0
import type { WriteStream } from 'node:fs';
import { defineDevice, idcBack, idcFront } from 'xenidc';

/** What both ends reserve: messages in flight, and bytes of one. */
const DEBUG_QUOTAS = { inFlight: 32, bodyBytes: 1024, registrations: 1 };

/** What kernels get as `dom.devices.find('debug').driver`. */
export interface Debug {
  /** Sends a line, cut to 1024 bytes. Resolves with 0 when it is in the file. */
  write(line: string): Promise<number>;
}

/** Runs in the domain that has the device. */
const front = idcFront(DEBUG_QUOTAS, (endpoint) => {
  const write = (line: string) => endpoint.send(Buffer.from(line).subarray(0, DEBUG_QUOTAS.bodyBytes));
  return {
    driver: { write } satisfies Debug,
    handlers: { onConnect: () => void write(`connected, ${process.memoryUsage().heapUsed >> 10} KiB of heap in use`) },
  };
});

/** Runs in a domain that is there for it, or in the one that `backend` names. */
const back = idcBack(DEBUG_QUOTAS, (_endpoint, { config, counters, domainName }) => {
  let file: WriteStream;
  return {
    async open() {
      // Here and not above: the front end's domain loads this module too, and may not.
      const [{ createWriteStream }, { once }] = await Promise.all([import('node:fs'), import('node:events')]);
      file = createWriteStream(String(config.file), { flags: 'a' });
      await once(file, 'open');
    },
    handlers: {
      onMessage({ body, length, complete }) {
        counters[0]! += 1;
        counters[1]! += length;
        file.write(`${new Date().toISOString()} ${domainName}: ${Buffer.from(body.subarray(0, length))}\n`, complete);
      },
    },
    close: () => new Promise((done) => file.end(done)),
  };
});

export default defineDevice({
  name: 'debug',
  doc: 'Collects what a domain has to say about itself in a file.',
  fields: { file: { type: 'path', required: true, doc: 'The file to which lines are appended.' } },
  counters: ['lines', 'bytes'],
  front,
  back,
});
