// SPDX-License-Identifier: Apache-2.0
import { type BlockDevice, SECTOR_SIZE } from '../../../devices/vbd/contract.ts';
import { XmError } from '../../../errors.ts';
import { didYouMean } from '../../../words.ts';
import type { DomainDevice, DomainDevices } from '../../contract.ts';

/** What a device offers, if that is a disk. */
export function asDisk(device: DomainDevice): BlockDevice | undefined {
  const driver = device.driver as Partial<BlockDevice> | null | undefined;
  const isDisk = typeof driver?.readInto === 'function' && typeof driver.write === 'function';
  return isDisk ? (driver as BlockDevice) : undefined;
}

/** @throws XmError `ENODEV` with a suggestion when there is no such device */
export function findDevice(devices: DomainDevices, name: string): DomainDevice {
  const device = devices.find(name);
  if (device !== undefined) return device;
  const hint = didYouMean(
    name,
    devices.list().map((known) => known.name),
  );
  throw new XmError('ENODEV', `There is no device '${name}'${hint === undefined ? '.' : `; ${hint}`}`);
}

/** @throws XmError `ENODEV` when there is no such device, or it is not connected, or it is no disk */
export function findDisk(devices: DomainDevices, name: string): BlockDevice {
  const device = findDevice(devices, name);
  if (!device.connected) throw new XmError('ENODEV', `Device '${name}' is not connected.`);
  const disk = asDisk(device);
  if (disk === undefined) throw new XmError('ENODEV', `Device '${name}' is no disk.`);
  return disk;
}

/** The whole sectors that hold a range of bytes. */
export interface Sectors {
  readonly start: number;
  readonly end: number;
}

/** @throws XmError `EINVAL` when the range, in bytes, is not within the disk */
export function sectorsOf(disk: BlockDevice, offset: number, length: number): Sectors {
  const end = offset + length;
  if (end > disk.size) throw new XmError('EINVAL', `The range ends at byte ${end}, but the disk at byte ${disk.size}.`);
  return {
    start: Math.floor(offset / SECTOR_SIZE) * SECTOR_SIZE,
    end: Math.ceil(end / SECTOR_SIZE) * SECTOR_SIZE,
  };
}

/** Reads any range of bytes. @throws XmError as the disk does, and when the range is not within it */
export async function readBytes(disk: BlockDevice, offset: number, length: number): Promise<Uint8Array> {
  const { start, end } = sectorsOf(disk, offset, length);
  if (length === 0) return new Uint8Array(0);
  const sectors = await disk.read(start, end - start);
  return sectors.subarray(offset - start, offset - start + length);
}

/**
 * Writes any range of bytes and waits until it is on stable storage. What shares the first and the last sector with it is
 * read before, and so written again; who writes there at the same time is lost.
 */
export async function writeBytes(disk: BlockDevice, offset: number, data: Uint8Array): Promise<void> {
  const { start, end } = sectorsOf(disk, offset, data.length);
  if (data.length === 0) return;
  const sectors = new Uint8Array(end - start);
  const last = end - SECTOR_SIZE;
  const cutsFirst = offset > start;
  const cutsLast = offset + data.length < end;
  if (cutsFirst || (cutsLast && last === start)) sectors.set(await disk.read(start, SECTOR_SIZE), 0);
  if (cutsLast && last > start) sectors.set(await disk.read(last, SECTOR_SIZE), last - start);
  sectors.set(data, offset - start);
  await disk.write(start, sectors);
  await disk.flush();
}
