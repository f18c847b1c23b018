// SPDX-License-Identifier: Apache-2.0

/** Turns reports of buttons and the wheel on, in the form that has no limit of columns (modes 1000 and 1006 of xterm). */
export const MOUSE_ON = '\x1b[?1000h\x1b[?1006h';
export const MOUSE_OFF = '\x1b[?1006l\x1b[?1000l';

/** What the mouse did; positions begin at 0. */
export interface MouseEvent {
  readonly kind: 'press' | 'wheelUp' | 'wheelDown';
  readonly column: number;
  readonly row: number;
}

const REPORT = /\x1b\[<(\d+);(\d+);(\d+)([Mm])/g;
/** What may be a report, or the name of a key, whose end has not come yet. */
const BEGUN = /\x1b(?:[[O]|\[<[\d;]*)?$/;
const LEFT = 0;
const WHEEL_UP = 64;
const WHEEL_DOWN = 65;

/** Input of a terminal, in two. */
export interface SplitInput {
  readonly keys: string;
  readonly events: readonly MouseEvent[];
  /** May begin a report or a key, and belongs before the next input; when none comes soon, it is keys. */
  readonly rest: string;
}

/** Takes the mouse's reports out of what a terminal sent. */
export function splitMouse(input: string): SplitInput {
  const events: MouseEvent[] = [];
  const keys = input.replace(REPORT, (_, button, column, row, end) => {
    const kind = kindOf(Number(button), end === 'M');
    if (kind !== undefined) events.push({ kind, column: Number(column) - 1, row: Number(row) - 1 });
    return '';
  });
  const rest = BEGUN.exec(keys)?.[0] ?? '';
  return { keys: keys.slice(0, keys.length - rest.length), events, rest };
}

function kindOf(button: number, isPress: boolean): MouseEvent['kind'] | undefined {
  if (button === WHEEL_UP) return 'wheelUp';
  if (button === WHEEL_DOWN) return 'wheelDown';
  return button === LEFT && isPress ? 'press' : undefined;
}
