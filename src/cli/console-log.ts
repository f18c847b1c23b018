// SPDX-License-Identifier: Apache-2.0
import type { XendApi } from '../xend/contract.ts';

/** What a console said, as far as it is kept. */
export interface ConsoleLog {
  readonly bytes: Buffer;
  /** How many of them somebody has seen already. */
  readonly shown: number;
  /** Bytes before them that are not kept any more. */
  readonly lost: number;
}

/** What xend answered, as bytes. */
export function readConsoleLog({ bytes, shown, lost }: XendApi['domain.consoleLog']['result']): ConsoleLog {
  return { bytes: Buffer.from(bytes, 'base64'), shown, lost };
}

/** What says that so many bytes are missing, as the console itself does; nothing if none are. */
export function lossNote(lost: number): string {
  return lost > 0 ? `[${lost} bytes were lost]\r\n` : '';
}

/**
 * What somebody sees who attaches: what was shown to others already. The console itself goes on after it.
 *
 * @param lines the last so many, of which the last one may have no end
 */
export function historyOf({ bytes, shown, lost }: ConsoleLog, lines: number): Buffer {
  const past = bytes.subarray(0, shown);
  let start = past.length;
  for (let left = lines; left > 0 && start > 0; left--) start = lineStart(past, start - 1);
  return start > 0 ? past.subarray(start) : Buffer.concat([Buffer.from(lossNote(lost)), past]);
}

/** Where the line begins that ends at this place, with its newline or without. */
function lineStart(bytes: Buffer, end: number): number {
  return bytes.subarray(0, end).lastIndexOf('\n') + 1;
}
