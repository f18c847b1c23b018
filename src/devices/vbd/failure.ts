// SPDX-License-Identifier: Apache-2.0
import { messageOf, XmError } from '../../errors.ts';
import { BLK_STATUS } from './contract.ts';

/** The disk that could not be opened. */
export interface Wanted {
  readonly uname: string;
  readonly dev: string;
  readonly writable: boolean;
}

/** The disk of the samples, which is too large to be kept with them. */
const SAMPLE = '/configs/demo.img';
const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ENXIO', 'ENODEV']);
const REFUSED: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'its file system is read-only',
  EISDIR: 'it is a directory',
  ETXTBSY: 'it is a program that runs',
  ELOOP: 'too many symbolic links',
};

/** What people are told when the file behind a disk cannot be used (spec/xend.md 2.1). */
export function openFailure(error: unknown, { uname, dev, writable }: Wanted): XmError {
  const code = codeOf(error);
  if (MISSING.has(code)) {
    const hint = uname.endsWith(SAMPLE)
      ? `'npm run image' makes the disk of the samples`
      : 'the path is seen from the machine that xend runs on';
    return new XmError('ENOENT', `vbd: Segment not found: uname=${uname} (for ${dev})`, { hint, cause: error });
  }
  const why = REFUSED[code] ?? messageOf(error);
  const how = writable ? ' for writing' : '';
  const hint = writable && code !== 'EISDIR' ? { hint: `(mode r) attaches it without writing` } : {};
  return new XmError(code, `vbd: cannot open ${uname}${how} (for ${dev}): ${why}`, { ...hint, cause: error });
}

/** Why something of this kind is no disk, or undefined. */
export function wrongKind(stats: { isFile(): boolean; isBlockDevice(): boolean; isDirectory(): boolean }) {
  if (stats.isFile() || stats.isBlockDevice()) return undefined;
  return stats.isDirectory() ? 'it is a directory' : 'it is neither a file nor a block device';
}

const STATUS: Readonly<Record<string, number>> = {
  ENOSPC: BLK_STATUS.noSpace,
  EDQUOT: BLK_STATUS.noSpace,
};

/** What the front end is told of a failed read or write of the image. */
export function statusOf(error: unknown): number {
  return STATUS[codeOf(error)] ?? BLK_STATUS.error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'EIO';
}
