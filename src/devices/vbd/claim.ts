// SPDX-License-Identifier: Apache-2.0
import { statSync } from 'node:fs';
import { XmError } from '../../errors.ts';
import type { NamedClaim } from '../claims.ts';
import type { Claim, DeviceConfig } from '../contract.ts';
import { openFailure, wrongKind } from './failure.ts';
import { isCow, unamePath } from './uname.ts';

/**
 * What a disk claims: its file by device and inode, a block device by its number, so that links and other spellings of the
 * path do not matter. The base of a `cow:` disk is only read.
 *
 * @throws XmError when there is no such file, or it is neither a file nor a block device
 */
export function claimDisk(config: DeviceConfig): NamedClaim {
  const uname = String(config.uname);
  const dev = String(config.dev);
  const stats = statOf(uname, dev);
  const problem = wrongKind(stats);
  if (problem !== undefined) throw new XmError('EINVAL', `vbd: ${dev} cannot be ${uname}: ${problem}`);
  const resource = stats.isBlockDevice() ? `block:${stats.rdev}` : `${stats.dev}:${stats.ino}`;
  return { resource, mode: isCow(uname) ? 'r' : (config.mode as Claim['mode']), what: uname };
}

function statOf(uname: string, dev: string) {
  try {
    // Inode numbers of some file systems are beyond what a float holds.
    return statSync(unamePath(uname), { bigint: true });
  } catch (error) {
    throw openFailure(error, { uname, dev, writable: false });
  }
}
