// SPDX-License-Identifier: Apache-2.0

/**
 * The package as programs see it: all that kernels import (`index.ts`), and machines to run kernels on. Kernels get only the
 * former, as there is no machine inside a domain.
 */
export * from './index.ts';
export type {
  DomainEnd,
  DomainOptions,
  LocalDomain,
  Machine,
  MachineDomain,
  StartOptions,
} from './machine/contract.ts';
export { createMachine } from './machine/machine.ts';
