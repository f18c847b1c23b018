// SPDX-License-Identifier: Apache-2.0
import { threadModule } from '../../thread-modules.ts';
import type { DeviceClass } from '../contract.ts';
import { claimDisk } from './claim.ts';
import { SECTOR_SIZE, VBD_COUNTERS } from './contract.ts';
import { devNumber, devWords } from './names.ts';
import { describeRequest } from './protocol.ts';
import { checkUname, resolveUname } from './uname.ts';

const RSECT = VBD_COUNTERS.indexOf('rsect');
const WSECT = VBD_COUNTERS.indexOf('wsect');

/** Virtual block device: a file or a disk of the back end's machine as a disk of the domain. */
export const vbd: DeviceClass = {
  name: 'vbd',
  aliases: ['block', 'tap'],
  deviceType: 'disk',
  doc: 'A disk whose content is a file or a block device.',
  fields: {
    uname: {
      type: 'string',
      doc: 'The content: file:PATH, phy:PATH for a block device (below /dev unless absolute), or cow:PATH for a file that many disks begin with and none changes.',
      required: true,
      unique: true,
      check: (value) => checkUname(String(value)),
      paths: ['file:', 'phy:', 'cow:'],
      resolve: resolveUname,
    },
    dev: {
      type: 'string',
      doc: "The disk's name in the domain: xvdX, sdX or hdX with or without a partition, or a device number.",
      required: true,
      check: (value) => (devNumber(String(value)) === undefined ? 'Device not found: names are like xvda' : undefined),
    },
    mode: {
      type: 'choice',
      doc: 'r: only reading; w: writing too, nobody else uses it; w!: writing although others use it.',
      default: 'r',
      choices: ['r', 'w', 'w!'],
    },
    overlay: {
      type: 'integer',
      doc: 'What may be written to a cow: disk, in MB of memory of its back end; 16 unless said.',
      check: (value) => (Number(value) > 0 ? undefined : 'must be at least 1'),
    },
    backend: { type: 'domain', doc: 'The domain that serves the disk, by name or id.', default: '0' },
  },
  devid: (config) => devNumber(String(config.dev)),
  names: (config) => devWords(String(config.dev)),
  front: threadModule('devices/vbd/front'),
  back: threadModule('devices/vbd/back'),
  claim: claimDisk,
  volatile: ({ uname, mode }) => String(uname).startsWith('cow:') && mode !== 'r',
  counters: VBD_COUNTERS,
  describe: describeRequest,
  bytes: (counters) => (counters[RSECT]! + counters[WSECT]!) * SECTOR_SIZE,
};
