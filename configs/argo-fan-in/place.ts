// SPDX-License-Identifier: Apache-2.0
import type { ArgoAddress, Domain } from 'xenidc';

/** Where holders of the address see who the collector is; each may write below its own number. */
const nodeOf = (address: string | undefined, domid: number): string => `/idc/${address}/${domid}/collector`;

/** Says that messages go here. */
export async function publishCollector({ domid, xenstore, args }: Domain, aport: number): Promise<void> {
  await xenstore.write(nodeOf(args.address, domid), String(aport));
}

/** Where messages go, as soon as there is somebody. */
export async function findCollector({ xenstore, args }: Domain): Promise<ArgoAddress> {
  const directory = `/idc/${args.address}`;
  for await (const _ of xenstore.watch(directory)) {
    for (const domid of (await xenstore.ls(directory)).map(Number)) {
      const aport = await xenstore.read(nodeOf(args.address, domid)).catch(() => undefined);
      if (aport !== undefined) return { domid, aport: Number(aport) };
    }
  }
  throw new Error('the store ended');
}
