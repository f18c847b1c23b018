// SPDX-License-Identifier: Apache-2.0
import type { BackFactory, FrontFactory } from '../domain/contract.ts';
import type { Field } from './contract.ts';

/** A key of a class of one's own: data alone, as xend runs nothing of it. A `path` may be relative to the configuration. */
export interface OwnField extends Pick<Field, 'doc' | 'required' | 'default' | 'choices' | 'unique'> {
  readonly type: Field['type'] | 'path';
}

/** A class of one's own as xend knows it. */
export interface OwnDescription {
  /** As in `(device (NAME ...))`: lower-case letters, digits and `-`. */
  readonly name: string;
  /** One sentence for users. */
  readonly doc: string;
  /** Every class has a field `backend` beside these. */
  readonly fields: Readonly<Record<string, OwnField>>;
  /** The field whose value is the name of a device; else devices are called like the class. */
  readonly named?: string;
  /** Names of the numbers that the back end counts, at most 8; see `BackContext.counters`. */
  readonly counters?: readonly string[];
}

/** A class of one's own: the default export of a module, of which every domain that has one of its ends gets a copy. */
export interface OwnClass extends OwnDescription {
  readonly front: FrontFactory;
  readonly back: BackFactory;
}

/** Does nothing but tell the types of a class of one's own: `export default defineDevice({...})`. */
export function defineDevice(own: OwnClass): OwnClass {
  return own;
}

const NAME = /^[a-z][a-z0-9-]{0,30}$/;
const KEY = /^[A-Za-z][A-Za-z0-9_-]{0,30}$/;
const MAX_COUNTERS = 8;
const FIELD_TYPES: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean', 'choice', 'mac', 'domain', 'path']);
const FIELD_PARTS = ['type', 'doc', 'required', 'default', 'choices', 'unique'] as const;

/**
 * What xend has to know of a module's default export, as data that can be sent.
 *
 * @throws Error that says what is wrong with it
 */
export function describeClass(exported: unknown): OwnDescription {
  const own = record(exported, 'it has no default export made by defineDevice');
  const { name, doc, named, counters = [], front, back } = own;
  if (!isText(name) || !NAME.test(name)) throw new Error('its name is no word of lower-case letters, digits and -');
  if (!isLine(doc)) throw new Error('it has no doc, a sentence for users in one line');
  for (const [end, factory] of Object.entries({ front, back })) {
    if (typeof factory !== 'function') throw new Error(`its ${end} is no function, as idcFront and idcBack make them`);
  }
  const fields = Object.entries(record(own.fields, 'it has no fields')).map(
    ([key, field]) => [key, describeField(key, field)] as const,
  );
  if (named !== undefined && !fields.some(([key]) => key === named)) throw new Error('what it is named by is no field');
  if (!Array.isArray(counters) || counters.length > MAX_COUNTERS || !counters.every(isLine)) {
    throw new Error(`its counters are not up to ${MAX_COUNTERS} names`);
  }
  return {
    name,
    doc,
    fields: Object.fromEntries(fields),
    ...(named === undefined ? {} : { named: String(named) }),
    counters: [...counters],
  };
}

function describeField(key: string, value: unknown): OwnField {
  const label = `its field ${JSON.stringify(key)}`;
  const field = record(value, `${label} is no object`);
  const { type, doc, choices } = field;
  const strange = Object.keys(field).find((part) => !FIELD_PARTS.some((known) => known === part));
  if (!KEY.test(key) || key === 'backend') throw new Error(`${label} cannot be called that`);
  if (!FIELD_TYPES.has(type)) throw new Error(`${label} is of no type: ${[...FIELD_TYPES].join(', ')}`);
  if (!isLine(doc)) throw new Error(`${label} has no doc, a sentence for users in one line`);
  if (strange !== undefined) throw new Error(`${label} has ${strange}, which fields have not`);
  if (type === 'choice' && !(Array.isArray(choices) && choices.every(isText)))
    throw new Error(`${label} has no choices`);
  return field as unknown as OwnField;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** What no terminal takes for a command, and no list for two lines. */
const isLine = (value: unknown): value is string => isText(value) && !/\p{Cc}/u.test(value);

function record(value: unknown, otherwise: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new Error(otherwise);
  return value as Readonly<Record<string, unknown>>;
}
