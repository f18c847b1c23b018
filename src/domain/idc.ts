// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { RemoteBuffers } from '../idc/remote-contract.ts';
import type { Rendezvous } from '../idc/rendezvous.ts';
import type { DomainIdc } from './contract.ts';

/**
 * What a domain's kernel has of the IDC API: endpoints at the addresses that the domain was given, and buffers.
 *
 * @param name of the domain, for messages
 */
export function createIdc(
  name: string,
  addresses: readonly string[],
  rendezvous: Rendezvous,
  buffers: RemoteBuffers,
): DomainIdc {
  function known(address: string | undefined): string {
    if (address === undefined) {
      throw new XmError('ENOADDRESS', `Domain '${name}' is not told which address to use`, {
        hint: "add it to the arguments of its kernel, e.g. (args 'address=NAME')",
      });
    }
    if (!addresses.includes(address)) {
      throw new XmError('ENOADDRESS', `Domain '${name}' is not given the address '${address}'`, {
        hint: `add (idc ${address}) to its configuration`,
      });
    }
    return address;
  }

  return {
    buffers,
    endpoint: (address, options) => rendezvous.endpoint(known(address), options),
    listen: (address, onGuest, options) => rendezvous.listen(known(address), onGuest, options),
  };
}
