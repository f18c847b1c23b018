// SPDX-License-Identifier: Apache-2.0
import { type Line, redraw } from './display.ts';
import { EDITS } from './edits.ts';
import type { Key, KeyName } from './keys.ts';

/** Longest line, in characters; a terminal's own limit is 4096. */
const LONGEST_LINE = 16_384;
const LONGEST_HISTORY = 100;

/** Everything about the line being typed. Plain values: a step makes a new one. */
export interface EditorState extends Line {
  readonly prompt: string;
  /** Earlier lines, oldest first. */
  readonly history: readonly string[];
  /** Which of them is shown; `history.length` stands for the new line. */
  readonly recalled: number;
  /** The new line, while an earlier one is shown. */
  readonly draft: string;
  /** Something did not fit: the line must not be run. */
  readonly overlong: boolean;
}

/** What a key did. */
export interface Step {
  readonly state: EditorState;
  /** Text for the terminal. */
  readonly screen: string;
  /** The line, when the key ended it. The next prompt is not on the screen then. */
  readonly entered?: string;
}

/** Completes the word before the cursor. @returns what the word may become, and how much of it is there */
export type Complete = (before: string) => { readonly candidates: readonly string[]; readonly typed: string };

/** An editor with an empty line, nothing on the screen yet. */
export function newEditor(prompt: string): EditorState {
  return { prompt, chars: [], cursor: 0, history: [], recalled: 0, draft: '', overlong: false };
}

/** Handles one key: a pure function of state and key, but for what `complete` knows. */
export function press(state: EditorState, key: Key, complete: Complete): Step {
  if ('text' in key) return insert(state, key.text);
  const edit = EDITS[key.name];
  return edit === undefined ? ACTIONS[key.name]!(state, complete) : show(state, { ...state, ...edit(state) });
}

/** Keys that do more than change the line. */
const ACTIONS: Readonly<Partial<Record<KeyName, (state: EditorState, complete: Complete) => Step>>> = {
  enter(state) {
    const text = state.chars.join('');
    const screen = `${redraw(state, { ...state, cursor: state.chars.length })}\r\n`;
    if (!state.overlong) return { state: fresh(state, text), screen, entered: text };
    const error = `Error: The line is longer than ${LONGEST_LINE} characters.\r\n`;
    return { state: fresh(state), screen: `${screen}${error}${state.prompt}` };
  },
  interrupt: (state) => ({ state: fresh(state), screen: `^C\r\n${state.prompt}` }),
  up: (state) => recall(state, state.recalled - 1),
  down: (state) => recall(state, state.recalled + 1),
  redraw: (state) => ({ state, screen: `\x1b[H\x1b[2J${state.prompt}${redraw({ chars: [], cursor: 0 }, state)}` }),
  complete(state, complete) {
    const { candidates, typed } = complete(state.chars.slice(0, state.cursor).join(''));
    if (candidates.length === 0) return { state, screen: '\x07' };
    if (candidates.length === 1) return insert(state, `${candidates[0]!.slice(typed.length)} `);
    const more = commonPrefix(candidates).slice(typed.length);
    if (more !== '') return insert(state, more);
    const line = redraw({ chars: [], cursor: 0 }, state);
    return { state, screen: `\r\n${candidates.join('  ')}\r\n${state.prompt}${line}` };
  },
};

function show(before: EditorState, after: EditorState): Step {
  return { state: after, screen: redraw(before, after) };
}

function insert(state: EditorState, text: string): Step {
  const typed = [...text];
  if (state.chars.length + typed.length > LONGEST_LINE) return { state: { ...state, overlong: true }, screen: '\x07' };
  const chars = [...state.chars.slice(0, state.cursor), ...typed, ...state.chars.slice(state.cursor)];
  return show(state, { ...state, chars, cursor: state.cursor + typed.length });
}

function recall(state: EditorState, index: number): Step {
  if (index < 0 || index > state.history.length) return { state, screen: '\x07' };
  const draft = state.recalled === state.history.length ? state.chars.join('') : state.draft;
  const chars = [...(state.history[index] ?? draft)];
  return show(state, { ...state, chars, cursor: chars.length, recalled: index, draft });
}

/** An empty line after `entered`, which history keeps unless it is blank or the same again. */
function fresh(state: EditorState, entered = ''): EditorState {
  const repeated = entered.trim() === '' || entered === state.history.at(-1);
  const history = repeated ? state.history : [...state.history, entered].slice(-LONGEST_HISTORY);
  return { ...newEditor(state.prompt), history, recalled: history.length };
}

function commonPrefix(words: readonly string[]): string {
  return words.reduce((prefix, word) => {
    let same = 0;
    while (same < prefix.length && prefix[same] === word[same]) same++;
    return prefix.slice(0, same);
  });
}
