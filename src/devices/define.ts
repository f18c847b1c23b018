// SPDX-License-Identifier: Apache-2.0
import { isAbsolute } from 'node:path';
import type { BackFactory, FrontFactory } from '../domain/contract.ts';
import { isDomainWord, isMac, printableLine } from '../words.ts';
import type { Field, FieldValue } from './contract.ts';

/**
 * A key of a class of one's own: data alone, as xend runs nothing of it. A `path` may be relative to the configuration; its
 * default is absolute.
 */
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
/** More than a class of which anybody keeps the whole in mind. */
const MAX_FIELDS = 64;
const MAX_CHOICES = 64;
/** Characters of a sentence, and of a name. */
const MAX_LINE = 500;
const FIELD_PARTS = ['type', 'doc', 'required', 'default', 'choices', 'unique'] as const;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** What no terminal takes for a command, and no list for two lines. */
const isLine = (value: unknown): value is string =>
  isText(value) && value.length <= MAX_LINE && printableLine(value) === value;

/** A default is used as it stands, without the check that a value given for it passes. */
interface DefaultRule {
  readonly fits: (value: FieldValue, choices: readonly string[]) => boolean;
  /** What does, in words. */
  readonly what: string;
}

const DEFAULTS: Readonly<Record<OwnField['type'], DefaultRule>> = {
  string: { fits: (value) => value === '' || isLine(value), what: 'a text in one line' },
  integer: { fits: Number.isSafeInteger, what: 'a whole number' },
  boolean: { fits: (value) => typeof value === 'boolean', what: 'true or false' },
  choice: { fits: (value, choices) => choices.some((word) => word === value), what: 'one of its choices' },
  mac: {
    fits: (value) => isText(value) && isMac(value) && value === value.toLowerCase(),
    what: 'an address like 00:16:3e:00:00:01',
  },
  domain: { fits: (value) => isLine(value) && isDomainWord(value), what: 'the name or id of a domain' },
  path: { fits: (value) => isLine(value) && isAbsolute(value), what: 'an absolute path' },
};

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
  const given = Object.entries(record(own.fields, 'it has no fields'));
  if (given.length > MAX_FIELDS) throw new Error(`it has ${given.length} fields, and may have ${MAX_FIELDS}`);
  const fields = given.map(([key, field]) => [key, describeField(key, field)] as const);
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
  const strange = Object.keys(field).find((part) => !FIELD_PARTS.some((known) => known === part));
  if (!KEY.test(key) || key === 'backend') throw new Error(`${label} cannot be called that`);
  const { type, doc, required = false, unique = false, choices, default: standard } = field;
  if (!isType(type)) throw new Error(`${label} is of no type: ${Object.keys(DEFAULTS).join(', ')}`);
  if (!isLine(doc)) throw new Error(`${label} has no doc, a sentence for users in one line`);
  if (strange !== undefined) throw new Error(`${label} has ${strange}, which fields have not`);
  for (const [part, flag] of Object.entries({ required, unique })) {
    if (typeof flag !== 'boolean') throw new Error(`${label} has ${part}, which is neither true nor false`);
  }
  if (type !== 'choice' && choices !== undefined) throw new Error(`${label} has choices and is no choice`);
  const words = type === 'choice' ? choicesOf(choices, label) : [];
  const { fits, what } = DEFAULTS[type];
  if (standard !== undefined && !(isValue(standard) && fits(standard, words))) {
    throw new Error(`${label} has a default that is not ${what}`);
  }
  return {
    type,
    doc,
    required: required === true,
    unique: unique === true,
    ...(standard === undefined ? {} : { default: standard }),
    ...(type === 'choice' ? { choices: words } : {}),
  };
}

const isType = (type: unknown): type is OwnField['type'] => isText(type) && Object.hasOwn(DEFAULTS, type);

const isValue = (value: unknown): value is FieldValue => ['string', 'number', 'boolean'].includes(typeof value);

function choicesOf(choices: unknown, label: string): readonly string[] {
  if (!Array.isArray(choices) || choices.length === 0) throw new Error(`${label} has no choices`);
  if (choices.length > MAX_CHOICES)
    throw new Error(`${label} has ${choices.length} choices, and may have ${MAX_CHOICES}`);
  if (!choices.every(isLine)) throw new Error(`${label} has choices that are no words in one line`);
  return [...choices];
}

function record(value: unknown, otherwise: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new Error(otherwise);
  return value as Readonly<Record<string, unknown>>;
}
