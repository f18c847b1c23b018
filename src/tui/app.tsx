// SPDX-License-Identifier: Apache-2.0
import { Box, type Key, type RenderOptions, render, Text, useApp, useInput, useWindowSize } from 'ink';
import { useEffect, useRef, useState } from 'react';
import { messageOf } from '../errors.ts';
import type { Stats } from '../xend/contract.ts';
import { press } from './keys.ts';
import { type Line, screenLines } from './layout.ts';
import { type Sample, sample } from './sample.ts';
import { initialView, orderDomains } from './view.ts';

/** What the screen needs from outside. */
export interface AppProps {
  /** Reads the counters now. */
  readonly fetch: () => Promise<Stats>;
  /** Seconds between two rounds at the start. */
  readonly delay: number;
}

/** Rates need two rounds, so the second one comes soon: milliseconds. */
const SECOND_ROUND = 500;

const STYLES: Readonly<Record<NonNullable<Line['style']>, object>> = {
  title: { inverse: true },
  selected: { bold: true },
  alert: { inverse: true, bold: true },
};

/** The rounds: reads the counters at once and then every `delay` seconds, not while paused. */
function useRounds(fetch: AppProps['fetch'], delay: number, paused: boolean) {
  const previous = useRef<Stats>(undefined);
  const [shown, setShown] = useState<{ readonly round?: Sample; readonly problem?: string }>({});
  useEffect(() => {
    if (paused) return;
    let timer: NodeJS.Timeout | undefined;
    let over = false;
    const next = async () => {
      const isFirst = previous.current === undefined;
      try {
        const current = await fetch();
        if (over) return;
        const round = sample(previous.current, current);
        previous.current = current;
        setShown({ round });
      } catch (error) {
        if (over) return;
        setShown((last) => ({ ...last, problem: messageOf(error) }));
      }
      timer = setTimeout(next, isFirst ? Math.min(SECOND_ROUND, delay * 1000) : delay * 1000);
    };
    void next();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [fetch, delay, paused]);
  return shown;
}

/** The screen of `xm top`. A line is one `<Text>` made by a pure function, so the tree stays small and tests need no screen. */
export function App({ fetch, delay }: AppProps) {
  const { exit } = useApp();
  const size = useWindowSize();
  const [view, setView] = useState(() => initialView(delay));
  const { round, problem } = useRounds(fetch, view.delay, view.paused);
  useInput((input, key) => {
    const order = orderDomains(round?.domains ?? [], view.sort).map(({ domid }) => domid);
    // Keys typed fast arrive together.
    setView((last) => keyNames(input, key).reduce((next, name) => press(next, name, order), last));
  });
  useEffect(() => {
    if (view.done) exit();
  }, [view.done, exit]);
  return (
    <Box flexDirection="column">
      {screenLines(view, round, problem, size).map(({ text, style }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line of the screen is its position.
        <Text key={index} wrap="truncate" {...(style ? STYLES[style] : {})}>
          {text || ' '}
        </Text>
      ))}
    </Box>
  );
}

function keyNames(input: string, key: Key): readonly string[] {
  if (key.upArrow) return ['up'];
  if (key.downArrow) return ['down'];
  if (key.escape) return ['escape'];
  if (key.return) return ['return'];
  if (key.backspace || key.delete) return ['backspace'];
  return key.ctrl || key.meta ? [] : [...input];
}

/**
 * Shows the screen until the user leaves; the terminal is then as it was before.
 *
 * @param terminal streams of another terminal than this process's.
 */
export async function openScreen(
  props: AppProps,
  terminal: Pick<RenderOptions, 'stdin' | 'stdout' | 'interactive'> = {},
): Promise<void> {
  const app = render(<App {...props} />, {
    alternateScreen: true,
    incrementalRendering: true,
    maxFps: 10,
    patchConsole: false,
    ...terminal,
  });
  await app.waitUntilExit();
}
