// SPDX-License-Identifier: Apache-2.0
import { createClient } from '../../xend/client.ts';
import type { XendApi, XendMethod } from '../../xend/contract.ts';
import { runPaths } from '../../xend/paths.ts';

/** How long somebody who pressed TAB waits for xend, milliseconds. */
const LIMIT = 200;

/** Names that only xend knows: none when it does not run, does not answer at once, or does not know what is asked for. */
export interface LiveNames {
  domains(): Promise<readonly string[]>;
  /** Devices of a domain, of one class or of all. */
  devices(domain: string, className: string | undefined): Promise<readonly string[]>;
  classes(): Promise<readonly string[]>;
  addresses(): Promise<readonly string[]>;
  /** Of threads. */
  pools(): Promise<readonly string[]>;
}

/** Asks the xend that runs, and starts none. */
export function askXend(): LiveNames {
  async function ask<M extends XendMethod>(method: M, params: XendApi[M]['params']) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, LIMIT, undefined);
    });
    // No socket, no right to use it, or no such domain: there is nothing to propose.
    const asked = (async () => createClient({ socket: runPaths().socket }).call(method, params))();
    return Promise.race([asked, late])
      .catch(() => undefined)
      .finally(() => clearTimeout(timer));
  }
  return {
    domains: async () => (await ask('domain.all', {}))?.map(({ name }) => name) ?? [],
    async devices(domain, className) {
      const found = await ask('device.list', { domain, ...(className === undefined ? {} : { class: className }) });
      return found?.devices.map(({ name }) => name) ?? [];
    },
    classes: async () => (await ask('device.classes', {}))?.map(({ name }) => name) ?? [],
    addresses: async () => (await ask('idc.list', {}))?.endpoints.map(({ address }) => address) ?? [],
    pools: async () => (await ask('pool.list', {}))?.map(({ name }) => name) ?? [],
  };
}
