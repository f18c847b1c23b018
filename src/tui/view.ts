// SPDX-License-Identifier: Apache-2.0
import { type Choice, NO_CHOICE } from './page.ts';
import { pages } from './pages/index.ts';

/** What the user has chosen of one page. */
export interface PageView extends Choice {
  /** Id of the selected row; undefined is the first, or the last of a page that follows its end. */
  readonly selected: string | undefined;
}

/** What the user has chosen; together with a world it is all that the screen shows. */
export interface View {
  /** Name of the page. */
  readonly page: string;
  readonly choices: Readonly<Record<string, PageView>>;
  readonly paused: boolean;
  /** What lies over the table: an opened row, help, or the choice of columns with the one that a key would change. */
  readonly over:
    | { readonly kind: 'row'; readonly id: string; readonly scroll: number }
    | { readonly kind: 'help'; readonly scroll: number }
    | { readonly kind: 'columns'; readonly at: number }
    | undefined;
  /** What is being typed. */
  readonly entry: { readonly of: 'delay' | 'filter'; readonly text: string } | undefined;
  /** Seconds between two rounds. */
  readonly delay: number;
  /** Set by the key that quits. */
  readonly done: boolean;
}

/** Shorter would be work without anything to see. */
const DELAY_MIN = 0.1;

const NOTHING: PageView = { ...NO_CHOICE, selected: undefined };

/** The view at the start. @param choice what is wanted of the page */
export function initialView(delay: number, page = pages[0]!.name, choice: Choice = NO_CHOICE): View {
  return {
    page,
    choices: { [page]: { ...NOTHING, ...choice } },
    paused: false,
    over: undefined,
    entry: undefined,
    delay: clampDelay(delay) ?? DELAY_MIN,
    done: false,
  };
}

/** What was chosen of the page that is shown. */
export function choiceOf({ page, choices }: View): PageView {
  return choices[page] ?? NOTHING;
}

/** The view with something else chosen of its page. */
export function choose(view: View, choice: Partial<PageView>): View {
  return { ...view, choices: { ...view.choices, [view.page]: { ...choiceOf(view), ...choice } } };
}

/** A delay in seconds, not too short; undefined when it is no time at all. */
export function clampDelay(seconds: number): number | undefined {
  return Number.isFinite(seconds) && seconds > 0 ? Math.max(DELAY_MIN, seconds) : undefined;
}
