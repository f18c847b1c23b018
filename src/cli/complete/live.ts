// SPDX-License-Identifier: Apache-2.0
import { createClient } from '../../xend/client.ts';
import type { XendApi, XendMethod } from '../../xend/contract.ts';
import { runPaths } from '../../xend/paths.ts';
import type { LiveNames, Setting } from './contract.ts';

/** How long somebody who pressed TAB waits for xend, milliseconds. */
const LIMIT = 200;

type Field = XendApi['device.classes']['result'][number]['fields'][number];

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
    async fields(className, path) {
      const found = await ask('device.classes', path === undefined ? { class: className } : { path });
      return found?.[0]?.fields.map(settingOf) ?? [];
    },
    addresses: async () => (await ask('idc.list', {}))?.endpoints.map(({ address }) => address) ?? [],
    pools: async () => (await ask('pool.list', {}))?.map(({ name }) => name) ?? [],
  };
}

/** What values of a type may be, where its name says that. */
const TYPES: Readonly<Partial<Record<Field['type'], NonNullable<Setting['values']>>>> = {
  domain: 'domains',
  boolean: ['yes', 'no'],
};

function settingOf({ name, doc, type, choices, paths = [] }: Field): Setting {
  return { name, doc, values: choices ?? TYPES[type] ?? [], paths };
}
