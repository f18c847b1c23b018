// SPDX-License-Identifier: Apache-2.0
/**
 * Makes `configs/demo.img`, the disk of `configs/demo.sxp`: 64 MiB of text whose every line is different, so that a wrong or
 * misplaced sector changes its checksum. An image that is there is left alone.
 */
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SIZE = 64 * 1024 * 1024;
const LINE = 64;

export const demoImage = fileURLToPath(new URL('../configs/demo.img', import.meta.url));

/** @returns whether it was made now */
export function makeDemoImage(): boolean {
  if (existsSync(demoImage)) return false;
  const image = Buffer.alloc(SIZE, ' ');
  for (let offset = 0; offset < SIZE; offset += LINE) {
    const number = offset / LINE;
    image.write(`line ${number} of the demo disk, ${(number * 2654435761) % 4294967296}`, offset);
    image[offset + LINE - 1] = 0x0a;
  }
  writeFileSync(`${demoImage}.new`, image);
  renameSync(`${demoImage}.new`, demoImage);
  return true;
}

if (import.meta.main) console.log(makeDemoImage() ? `made ${demoImage}` : `${demoImage} is there`);
