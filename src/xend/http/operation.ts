// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../../errors.ts';
import type { Sxp } from '../../sxp/contract.ts';
import type { Xend } from '../service.ts';
import type { XmlRpcValue } from '../xmlrpc/contract.ts';
import type { Kind } from './kinds.ts';

/** One parameter of an operation. */
export interface Parameter<T> {
  /** In HTTP forms and in messages. */
  readonly name: string;
  readonly kind: Kind<T>;
  /** What it is when it is not given; absent, it has to be. */
  readonly fallback?: T;
}

/** What xend does for clients of the old protocols: arguments in an order, or by name. */
export interface Operation {
  /** One sentence, for `system.methodHelp`. */
  readonly doc: string;
  readonly params: readonly Parameter<unknown>[];
  /**
   * Checks the arguments, each as a client sent it (undefined: not given), and does it.
   *
   * @returns a form, or null where there is nothing to say
   * @throws XmError `EINVAL` for a wrong argument; what the service throws
   */
  run(xend: Xend, given: readonly (XmlRpcValue | undefined)[]): Promise<Sxp | null>;
}

type Values<P extends readonly Parameter<unknown>[]> = {
  readonly [I in keyof P]: P[I] extends Parameter<infer T> ? T : never;
};

/** Makes an operation from its parameters, and a function of what these hold. */
export function operation<const P extends readonly Parameter<unknown>[]>(
  doc: string,
  params: P,
  act: (xend: Xend, ...values: Values<P>) => Promise<Sxp | null>,
): Operation {
  return {
    doc,
    params,
    async run(xend, given) {
      if (given.length > params.length) {
        throw new XmError('EINVAL', `There are ${given.length} arguments for at most ${params.length}`);
      }
      return act(xend, ...(params.map((parameter, index) => readValue(parameter, given[index])) as Values<P>));
    },
  };
}

function readValue<T>({ name, kind, fallback }: Parameter<T>, given: XmlRpcValue | undefined): T {
  // Old clients send nil for what they leave out.
  if ((given === undefined || given === null) && fallback !== undefined) return fallback;
  if (given === undefined) throw new XmError('EINVAL', `${name} is missing: it must be ${kind.what}`);
  const value = kind.read(given);
  if (value === undefined) throw new XmError('EINVAL', `${name} must be ${kind.what}`);
  return value;
}

/** A parameter that may be left out. @param fallback what it is then */
export function optional<T>(name: string, kind: Kind<T>, fallback: T): Parameter<T> {
  return { name, kind, fallback };
}
