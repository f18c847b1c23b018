// SPDX-License-Identifier: Apache-2.0
import { Box, type Key, type RenderOptions, render, Text, useApp, useInput, useStdout, useWindowSize } from 'ink';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { messageOf } from '../errors.ts';
import { listenToShell, stopJob } from './job-control.ts';
import { press } from './keys.ts';
import { type Line, layout, type Screen } from './layout.ts';
import { createModel } from './model.ts';
import { MOUSE_OFF, MOUSE_ON, type MouseEvent } from './mouse.ts';
import type { Choice, World } from './page.ts';
import { pageNamed } from './pages/index.ts';
import type { Source, Wishes } from './reading.ts';
import { splitTerminal } from './terminal-input.ts';
import { initialView, type View } from './view.ts';

/** What the screen needs from outside. */
export interface AppProps {
  readonly source: Source;
  /** Seconds between two rounds at the start. */
  readonly delay: number;
  /** Name of the page at the start. */
  readonly page?: string | undefined;
  /** What is wanted of that page. */
  readonly choice?: Choice;
  /** Has events of the mouse given to a listener. */
  readonly listen?: (listener: (event: MouseEvent) => void) => void;
  /** Empties the terminal; the next frame is then drawn whole. */
  readonly wipe?: () => void;
}

/** Rates need two rounds, so the second one comes soon: milliseconds. */
const SECOND_ROUND = 500;
/** What is followed changes between rounds: milliseconds. */
const FOLLOWING = 500;

/** Empties the terminal, and puts the cursor where the first line begins. */
const WIPE = '\x1b[2J\x1b[H';

const STYLES: Readonly<Record<NonNullable<Line['style']>, object>> = {
  title: { inverse: true },
  selected: { bold: true },
  alert: { inverse: true, bold: true },
  faded: { dimColor: true },
};

/** What the page that is shown wants to know. */
function wishesOf({ page, over }: View, world: World | undefined): Wishes {
  return pageNamed(page).wishesOf(world, over?.kind === 'row' ? over.id : undefined);
}

/** Whether a round that read `had` has what is wanted. */
function covers(had: Wishes | undefined, wanted: Wishes): boolean {
  const wishes = Object.entries(wanted) as [keyof Wishes, unknown][];
  return had !== undefined && wishes.every(([key, wish]) => JSON.stringify(had[key]) === JSON.stringify(wish));
}

/** The rounds: reads at once, when something else is wanted, and then every `delay` seconds; while paused, only what was not read yet. */
function useRounds(source: Source, view: View) {
  const model = useMemo(() => createModel(source), [source]);
  const latest = useRef<World>(undefined);
  const had = useRef<Wishes>(undefined);
  const [shown, setShown] = useState<{ readonly world?: World; readonly problem?: string }>({});
  const wishes = wishesOf(view, latest.current);
  const wanted = JSON.stringify(wishes);
  const { paused, delay } = view;
  useEffect(() => {
    const wish: Wishes = JSON.parse(wanted);
    if (paused && covers(had.current, wish)) return;
    let timer: NodeJS.Timeout | undefined;
    let over = false;
    const pause = wish.log || wish.store ? Math.min(FOLLOWING, delay * 1000) : delay * 1000;
    const next = async () => {
      const isFirst = latest.current === undefined;
      try {
        const world = await model.round(wish);
        if (over) return;
        latest.current = world;
        had.current = wish;
        setShown({ world });
      } catch (error) {
        if (over) return;
        setShown((last) => ({ ...last, problem: messageOf(error) }));
      }
      if (!paused) timer = setTimeout(next, isFirst ? Math.min(SECOND_ROUND, pause) : pause);
    };
    void next();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [model, delay, paused, wanted]);
  return shown;
}

/** Stops and goes on as the shell and Ctrl-Z want it, and leaves the shell its terminal meanwhile. @returns what stops */
function useJobControl(): () => void {
  const { suspendTerminal } = useApp();
  const { stdout } = useStdout();
  const isLent = useRef(false);
  const { stop, goOn } = useMemo(() => {
    const lend = async (use: () => Promise<void> | void) => {
      if (isLent.current) return;
      isLent.current = true;
      await suspendTerminal(() => {
        stdout.write(MOUSE_OFF);
        return use();
      });
      stdout.write(MOUSE_ON);
      isLent.current = false;
    };
    // Whoever was stopped by what cannot be seen finds the shell's screen: all is drawn again.
    return { stop: () => void lend(stopJob), goOn: () => void lend(() => {}) };
  }, [suspendTerminal, stdout]);
  useEffect(() => listenToShell({ stop, goOn }), [stop, goOn]);
  return stop;
}

/** The screen of `xm top`. A line is one `<Text>` made by a pure function, so the tree stays small and tests need no screen. */
export function App({ source, delay, page, choice, listen, wipe }: AppProps) {
  const { exit } = useApp();
  const stop = useJobControl();
  const { stdout } = useStdout();
  const size = useWindowSize();
  const [view, setView] = useState(() => initialView(delay, page, choice));
  const { world, problem } = useRounds(source, view);
  const { lines, shown } = useMemo(() => layout(view, world, problem, size), [view, world, problem, size]);
  const screen = useRef<Screen>({ lines, shown });
  screen.current = { lines, shown };

  // Keys typed fast arrive together.
  const pressAll = useCallback((names: readonly string[]) => {
    setView((last) => names.reduce((next, name) => press(next, name, screen.current.shown), last));
  }, []);
  const [, redraw] = useState(0);
  useInput((input, key) => {
    if (key.ctrl && input === 'l') {
      wipe?.();
      redraw((count) => count + 1);
    } else if (key.ctrl && input === 'z') stop();
    else pressAll(keyNames(input, key));
  });
  // Ink undoes a layout effect at once, whatever ends the process: a shell that gets the mouse's reports shows them as text.
  useLayoutEffect(() => {
    if (listen === undefined) return;
    listen((event) => pressAll(mouseKeys(event, screen.current.lines)));
    stdout.write(MOUSE_ON);
    return () => void stdout.write(MOUSE_OFF);
  }, [listen, pressAll, stdout]);
  useEffect(() => {
    if (view.done) exit();
  }, [view.done, exit]);
  return (
    <Box flexDirection="column">
      {lines.map(({ text, style }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line of the screen is its position.
        <Text key={index} wrap="truncate" {...(style ? STYLES[style] : {})}>
          {text || ' '}
        </Text>
      ))}
    </Box>
  );
}

/** Ink's names of keys, and ours. */
const NAMES: readonly (readonly [keyof Key, string])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['pageUp', 'pageUp'],
  ['pageDown', 'pageDown'],
  ['home', 'home'],
  ['end', 'end'],
  ['tab', 'tab'],
  ['escape', 'escape'],
  ['return', 'return'],
  ['backspace', 'backspace'],
  ['delete', 'backspace'],
];

/** Keys that arrive together with others. */
const TYPED: Readonly<Record<string, string>> = { '\r': 'return', '\t': 'tab', '\x7f': 'backspace' };

function keyNames(input: string, key: Key): readonly string[] {
  const name = NAMES.find(([flag]) => key[flag] === true)?.[1];
  if (name !== undefined) return [name];
  return key.ctrl || key.meta ? [] : [...input].map((character) => TYPED[character] ?? character);
}

/** What a click or a turn of the wheel stands for. */
function mouseKeys({ kind, column, row }: MouseEvent, lines: readonly Line[]): readonly string[] {
  if (kind === 'wheelUp') return ['up'];
  if (kind === 'wheelDown') return ['down'];
  return (lines[row]?.hits ?? []).filter(({ from, to }) => column >= from && column < to).map(({ key }) => key);
}

/** What {@link openScreen} runs in. */
export interface TerminalStreams extends Pick<RenderOptions, 'stdout' | 'interactive'> {
  readonly stdin?: NodeJS.ReadStream;
}

/**
 * Shows the screen until the user leaves; the terminal is then as it was before.
 *
 * @param terminal streams of another terminal than this process's.
 */
export async function openScreen(
  props: Omit<AppProps, 'listen' | 'wipe'>,
  terminal: TerminalStreams = {},
): Promise<void> {
  const input = splitTerminal(terminal.stdin ?? process.stdin);
  const listen: AppProps['listen'] = (listener) => {
    input.onMouse = listener;
  };
  try {
    const { stdout = process.stdout } = terminal;
    const wipe = (): void => {
      stdout.write(WIPE);
      app.clear();
    };
    const app = render(<App {...props} listen={listen} wipe={wipe} />, {
      alternateScreen: true,
      incrementalRendering: true,
      maxFps: 10,
      patchConsole: false,
      ...terminal,
      stdin: input.stdin,
    });
    await app.waitUntilExit();
  } finally {
    input.close();
    props.source.close();
  }
}
