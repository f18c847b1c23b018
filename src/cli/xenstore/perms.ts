// SPDX-License-Identifier: Apache-2.0
import { usageError } from '../failure.ts';

/** @throws XmError for what is no permission: one of `nrwb`, which the message names as `xenstore-chmod` does, and a domain's id */
export function checkModes(modes: readonly string[]): void {
  for (const mode of modes) {
    const letter = mode.slice(0, 1);
    const wrong = /^[nrwb]$/.test(letter) ? !/^.\d{1,5}$/.test(mode) && mode : letter;
    if (wrong !== false) throw usageError(`Invalid permission specification: '${wrong}'`, MODES);
  }
}

const MODES = "n (nothing), r (read), w (write) or b (both) and a domain's id: n0 r5; the first is the owner's";
