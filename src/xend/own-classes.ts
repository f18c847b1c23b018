// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import type { DeviceClass, Field } from '../devices/contract.ts';
import type { OwnField } from '../devices/define.ts';
import { type ReadClass, readClass } from '../domain/class-reader.ts';
import { XmError } from '../errors.ts';

/** How long the modules of a class may take to load, milliseconds. */
const LOAD_LIMIT = 5000;

/** The device classes that this xend knows: the built-in ones, and those of users' own that they named. */
export interface DeviceClasses {
  readonly all: readonly DeviceClass[];
  /**
   * Reads a class of a user's own as its files are now. It is not among {@link all} before it is adopted.
   *
   * @param path absolute
   * @throws XmError `ENOCLASS` that says what is wrong with it
   */
  read(path: string): Promise<DeviceClass>;
  /**
   * From now on the class is known by its name; one that was read from another file, or another version, is not any more.
   *
   * @throws XmError `EEXIST` when that name belongs to a built-in class
   */
  adopt(own: DeviceClass): void;
}

export function createDeviceClasses(builtin: readonly DeviceClass[]): DeviceClasses {
  const all = [...builtin];

  function check({ name, own }: DeviceClass): void {
    const other = builtin.find((item) => item.name === name || item.aliases.includes(name));
    if (other === undefined) return;
    throw new XmError('EEXIST', `The device class "${own?.path}" is called ${name}, as is a built-in one`);
  }

  return {
    all,
    async read(path) {
      const found = classOf(await readClass(path, LOAD_LIMIT));
      check(found);
      return found;
    },
    adopt(own) {
      const index = all.findIndex(({ name }) => name === own.name);
      if (index < 0) all.push(own);
      else all[index] = own;
    },
  };
}

/** What is data in a class of a user's own, as what all classes are. */
function classOf({ description, url, own }: ReadClass): DeviceClass {
  const { name, doc, fields, named, counters = [] } = description;
  const given = Object.entries(fields).map(([key, field]) => [key, fieldOf(field)] as const);
  return {
    name,
    aliases: [],
    doc,
    fields: { ...Object.fromEntries(given), backend: BACKEND },
    devid: () => undefined,
    names: (config) => [String(config[named ?? ''] ?? name)],
    front: new URL(url),
    back: new URL(url),
    counters,
    own,
  };
}

const BACKEND: Field = {
  type: 'domain',
  doc: 'The domain that serves it, by name or id; one that is made for the class unless said.',
};

function fieldOf({ type, ...field }: OwnField): Field {
  if (type !== 'path') return { ...field, type };
  return {
    ...field,
    type: 'string',
    paths: [''],
    // Else it would be the directory itself.
    check: (value) => (value === '' ? 'a path must not be empty' : undefined),
    resolve: (value, directory) => resolve(directory, value),
  };
}
