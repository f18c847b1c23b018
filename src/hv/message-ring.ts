// SPDX-License-Identifier: Apache-2.0

/** Characters that the hypervisor's message ring keeps; older lines go first. */
const CAPACITY = 16 * 1024;

/** The ring behind `xm dmesg`. */
export function createMessageRing() {
  let lines: string[] = [];
  let size = 0;
  return {
    print(text: string): void {
      const line = `(XEN) ${text}\n`;
      lines.push(line);
      size += line.length;
      while (size > CAPACITY) size -= lines.shift()!.length;
    },
    read(clear: boolean): string {
      const text = lines.join('');
      if (clear) {
        lines = [];
        size = 0;
      }
      return text;
    },
  };
}
