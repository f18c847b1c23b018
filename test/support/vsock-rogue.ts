// SPDX-License-Identifier: Apache-2.0

import { lineCarrier } from '../../src/idc/rendezvous-line.ts';
import { createLoans } from '../../src/idc/rendezvous-loans.ts';
import { createSession, type Session } from '../../src/idc/rendezvous-session.ts';
import { addressPath, endStore } from '../../src/idc/rendezvous-store.ts';
import { createArgoPipe } from '../../src/vsock/argo-pipe.ts';
import type { Transport } from '../../src/vsock/contract.ts';
import { linkAddress } from '../../src/vsock/peers.ts';
import type { Pipe } from '../../src/vsock/pipe.ts';
import { ringCarrier } from '../../src/vsock/ring-pipe.ts';
import type { VsockDomain } from './vsock.ts';

const QUOTAS = { inFlight: 1, bodyBytes: 131_072, registrations: 0 };

/** An end of a link that says what it likes. */
export interface Rogue {
  readonly pipe: Pipe;
  readonly session: Session;
  /** Sends messages of four words each, and what is to be behind them. */
  say(...words: readonly (readonly number[] | Uint8Array)[]): void;
  /** Reads words, until there are so many. */
  hear(count: number): Promise<readonly number[]>;
}

/** Meets a domain's link manager in place of that of `domain`. */
export async function joinAsRogue(domain: VsockDomain, peer: number, transport: Transport): Promise<Rogue> {
  const { hypercalls, xs, domid } = domain;
  const address = linkAddress(domid, peer);
  const came = Promise.withResolvers<Pipe>();
  const loans = createLoans(hypercalls, () => () => {});
  const watch = xs.watch(addressPath(address), { listener: () => session.wake() });
  const session = createSession<Pipe>({
    ...{ address, domid, loans, guest: undefined, watching: watch.ready, name: `${domid}-rogue-w` },
    store: endStore(xs, address, domid, `${domid}-rogue-w`, { quotas: QUOTAS, channel: transport }),
    carrier:
      transport === 'ring'
        ? ringCarrier(hypercalls, loans, address)
        : lineCarrier(hypercalls, domain.bell, (bell, line, { side }) =>
            createArgoPipe(hypercalls.argo, bell, line, side),
          ),
    onProblem: () => {},
    endpoint: {
      quotas: QUOTAS,
      appear: () => {},
      disappear: () => {},
      connect: came.resolve,
      disconnect: () => Promise.resolve(),
    },
  });
  session.wake();
  const pipe = await came.promise;
  return {
    pipe,
    session,
    say(...all) {
      for (const one of all) {
        const bytes = one instanceof Uint8Array ? one : new Uint8Array(Int32Array.from(one).buffer);
        pipe.tryWrite(bytes);
      }
    },
    async hear(count) {
      const bytes = new Uint8Array(count * 4);
      for (let got = 0; got < bytes.length; ) {
        const more = pipe.tryRead(bytes.subarray(got));
        if (more < 0) throw new Error('the pipe has ended');
        if (more === 0) await pipe.changed();
        got += more;
      }
      return [...new Int32Array(bytes.buffer)];
    },
  };
}
