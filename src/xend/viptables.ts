// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { ArgoPattern, ArgoRule } from '../hv/argo-contract.ts';
import { HypercallError } from '../hv/contract.ts';
import type { XendContext } from './context.ts';
import type { VipEnd, VipRule, XendApi } from './contract.ts';
import type { XendDomain } from './domain.ts';

type Params<V extends 'add' | 'del'> = XendApi[`viptables.${V}`]['params'];

const ANY = '*';
const MAX_PORT = 0xffff_ffff;

/** Rules about who may send Argo messages to whom (spec/primitives.md 7.2); they are the hypervisor's, and end with this xend. */
export interface VipTables {
  /** @throws XmError `ENODOMAIN`, `EPORT`, `EPOSITION`, `ENOSPC` */
  add(params: Params<'add'>): Promise<VipRule>;
  /** @throws XmError `EPOSITION` */
  del(params: Params<'del'>): Promise<VipRule>;
  list(): Promise<readonly VipRule[]>;
}

/** @param find a domain by name, id or uuid */
export function createVipTables(
  { hv: { viptables }, domains, log }: Pick<XendContext, 'hv' | 'domains' | 'log'>,
  find: (domain: string) => XendDomain,
): VipTables {
  /** `DOMAIN[:PORT]`, either may be `*`. */
  function parseEnd(text: string): ArgoPattern {
    const [, domain = '', port = ANY] = /^([^:]*)(?::(.*))?$/.exec(text) ?? [];
    const aport = Number(port);
    if (port !== ANY && !(/^(?:\d+|0x[\da-f]+)$/i.test(port) && aport <= MAX_PORT)) {
      throw new XmError('EPORT', `'${port}' is no Argo port: that is a number up to ${MAX_PORT}, or '*'`);
    }
    return { ...(domain !== ANY && { domid: find(domain).domid }), ...(port !== ANY && { aport }) };
  }

  function showEnd({ domid, aport }: ArgoPattern): VipEnd {
    const name = domid === undefined ? undefined : domains.get(domid)?.name;
    return {
      ...(domid !== undefined && { domid }),
      ...(name !== undefined && { domain: name }),
      ...(aport !== undefined && { port: aport }),
    };
  }

  const show = ({ src, dst, accept }: ArgoRule, index: number): VipRule => ({
    position: index + 1,
    accept,
    from: showEnd(src),
    to: showEnd(dst),
  });

  /** What the hypervisor says to positions and numbers, for people. */
  async function translate<T>(change: Promise<T>, position: number | undefined): Promise<T> {
    try {
      return await change;
    } catch (error) {
      if (!(error instanceof HypercallError)) throw error;
      if (error.code === 'ENOSPC') throw new XmError('ENOSPC', `There is room for no more rules: ${error.message}`);
      const { length } = await viptables.list();
      const all = length === 1 ? 'There is 1 rule' : `There are ${length} rules`;
      throw new XmError('EPOSITION', `${all}, and position ${position} is none for it`, { cause: error });
    }
  }

  return {
    async add({ from, to, accept, at }) {
      const rule: ArgoRule = { src: parseEnd(from), dst: parseEnd(to), accept };
      await translate(viptables.add(rule, at === undefined ? undefined : at - 1), at);
      const position = at ?? (await viptables.list()).length;
      log.write('INFO', `Argo rule ${position} added: ${accept ? 'accept' : 'reject'} from ${from} to ${to}`);
      return show(rule, position - 1);
    },
    async del({ at }) {
      const rule = show(await translate(viptables.del(at - 1), at), at - 1);
      log.write('INFO', `Argo rule ${at} deleted`);
      return rule;
    },
    list: async () => (await viptables.list()).map(show),
  };
}
