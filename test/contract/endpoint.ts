// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe } from 'vitest';
import { connectParties, type Parties } from '../support/idc-endpoints.ts';
import type { MakePair } from '../support/idc-pairs.ts';
import { endpointDisconnects } from './endpoint-disconnect.ts';
import { endpointFlow } from './endpoint-flow.ts';
import { endpointLife } from './endpoint-life.ts';
import { endpointPolled } from './endpoint-polled.ts';
import { endpointPromises } from './endpoint-promises.ts';
import { endpointReentry } from './endpoint-reentry.ts';

/** Makes connected endpoints that end with the test. */
export type Introduce = (options?: Parameters<typeof connectParties>[1]) => Promise<Parties>;

/**
 * What an endpoint does over every channel (spec/idc.md 1.3, C to H).
 *
 * @param name of the channel
 * @param makePair connects two ends of it
 */
export function endpointContract(name: string, makePair: MakePair): void {
  describe(`endpoint over ${name}`, () => {
    const all: Parties[] = [];

    async function introduce(options: Parameters<typeof connectParties>[1] = {}): Promise<Parties> {
      const parties = await connectParties(makePair, options);
      all.push(parties);
      return parties;
    }

    afterEach(async () => {
      for (const parties of all.splice(0)) await parties.end();
    });

    endpointLife(introduce, makePair);
    endpointFlow(introduce);
    endpointDisconnects(introduce);
    endpointReentry(introduce);
    endpointPolled(introduce);
    endpointPromises(introduce);
  });
}
