// SPDX-License-Identifier: Apache-2.0

/** A family of device names: `xvd`, `hd`, `sd`, then the disk in letters and perhaps a partition (spec/xend.md 2.5). */
interface Family {
  readonly prefix: string;
  /** The device number of a partition (0: the whole disk), or undefined when the family has no such one. */
  readonly encode: (disk: number, partition: number) => number | undefined;
  /** Disk and partition that a number of this family stands for; may be wrong for numbers of other families. */
  readonly decode: (number: number) => readonly [disk: number, partition: number];
}

const XVD_MAJOR = 202;
/** Marks numbers for disks or partitions that 16 by 16 cannot hold. */
const XVD_EXTENDED = 2 ** 28;
const SD_MAJOR = 8;
/** IDE controllers, two disks each. */
const HD_MAJORS = [3, 22, 33, 34, 56, 57, 88, 89, 90, 91];

const FAMILIES: readonly Family[] = [
  {
    prefix: 'xvd',
    encode: (disk, partition) => {
      if (disk < 16 && partition < 16) return (XVD_MAJOR << 8) + (disk << 4) + partition;
      return disk < 2 ** 20 && partition < 256 ? XVD_EXTENDED + disk * 256 + partition : undefined;
    },
    decode: (number) =>
      number >= XVD_EXTENDED ? [(number - XVD_EXTENDED) >>> 8, number & 255] : [(number >> 4) & 15, number & 15],
  },
  {
    prefix: 'sd',
    encode: (disk, partition) => (disk < 16 && partition < 16 ? (SD_MAJOR << 8) + (disk << 4) + partition : undefined),
    decode: (number) => [(number >> 4) & 15, number & 15],
  },
  {
    prefix: 'hd',
    encode: (disk, partition) => {
      const major = HD_MAJORS[disk >> 1];
      return major === undefined || partition > 63 ? undefined : (major << 8) + ((disk & 1) << 6) + partition;
    },
    decode: (number) => [HD_MAJORS.indexOf(number >> 8) * 2 + ((number >> 6) & 1), number & 63],
  },
];

const NAME = /^(xvd|sd|hd)([a-z]{1,5})([1-9][0-9]{0,2})?$/;
const NUMBER = /^(?:0x[0-9a-f]{1,8}|[0-9]{1,9})$/i;

/**
 * The number of a device.
 *
 * @param dev a name, perhaps behind `/dev/`, or a number, decimal or with `0x`; either may be followed by `:disk` or `:cdrom`
 * @returns e.g. 51712 for `xvda`, or undefined when there is no such device
 */
export function devNumber(dev: string): number | undefined {
  const text = dev.replace(/^\/dev\//, '').replace(/:(?:disk|cdrom)$/, '');
  if (NUMBER.test(text)) {
    const number = Number(text);
    return number > 0 && number < 2 * XVD_EXTENDED ? number : undefined;
  }
  const [, prefix, letters = '', partition = '0'] = NAME.exec(text) ?? [];
  return FAMILIES.find((family) => family.prefix === prefix)?.encode(diskOf(letters), Number(partition));
}

/** The one name of a device number, e.g. `xvda1` for 51713, or undefined for a number without a name. */
export function devName(number: number): string | undefined {
  for (const { prefix, encode, decode } of FAMILIES) {
    const [disk, partition] = decode(number);
    if (disk >= 0 && encode(disk, partition) === number) return `${prefix}${lettersOf(disk)}${partition || ''}`;
  }
  return undefined;
}

/** The words by which people may call a device: its name if it has one, then its number. */
export function devWords(dev: string): readonly string[] {
  const number = devNumber(dev);
  if (number === undefined) return [dev];
  const name = devName(number);
  return name === undefined ? [String(number)] : [name, String(number)];
}

/** a is 0, z is 25, aa is 26. */
function diskOf(letters: string): number {
  let disk = 0;
  for (const letter of letters) disk = disk * 26 + letter.charCodeAt(0) - 96;
  return disk - 1;
}

function lettersOf(disk: number): string {
  const last = String.fromCharCode(97 + (disk % 26));
  return disk < 26 ? last : lettersOf(Math.floor(disk / 26) - 1) + last;
}
