// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import type { DeviceClass } from '../../../src/devices/contract.ts';

const nowhere = new URL('file:///nowhere.ts');
const plain = { aliases: [], front: nowhere, back: nowhere, counters: [], names: () => [] };
const backend = { type: 'domain', doc: 'Domain that serves it.', default: '0' } as const;

/** A disk: names, numbers, files, and a cdrom that may have no medium. */
export const disk: DeviceClass = {
  ...plain,
  name: 'vbd',
  aliases: ['block', 'tap'],
  doc: 'A disk.',
  fields: {
    uname: {
      type: 'string',
      doc: 'What is behind it.',
      resolve: (value, directory) => value.replace(/^file:(.*)$/, (_, path) => `file:${resolve(directory, path)}`),
    },
    dev: {
      type: 'string',
      doc: 'Name in the domain.',
      required: true,
      check: (value) => (/^xvd[a-z]$/.test(String(value)) ? undefined : 'no such disk name'),
    },
    mode: { type: 'choice', doc: 'Access.', choices: ['r', 'w', 'w!'], default: 'r' },
    bootable: { type: 'boolean', doc: 'Whether it boots.', default: false },
    backend,
  },
  devid: ({ dev }) => 51712 + 16 * (String(dev).charCodeAt(3) - 97),
  names: ({ dev }) => [String(dev)],
};

/** A network card: unique address, number chosen later. */
export const card: DeviceClass = {
  ...plain,
  name: 'vif',
  doc: 'A network card.',
  fields: {
    mac: { type: 'mac', doc: 'Address.', unique: true },
    rate: { type: 'integer', doc: 'Limit.' },
    backend,
  },
  devid: () => undefined,
};

export const consoleClass: DeviceClass = {
  ...plain,
  name: 'console',
  doc: 'The console.',
  fields: {},
  devid: () => 0,
  implicit: true,
};

export const options = { directory: '/srv/vm', classes: [disk, card, consoleClass] };
