// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import { type Choice, NO_CHOICE, type Page } from './page.ts';
import { pageNamed } from './pages/index.ts';

/** What options say of a page's table. */
export interface ChoiceOptions {
  /** Name of the page; absent, the first. */
  readonly view?: string | undefined;
  /** A column; with a `-` before it, in the other direction. */
  readonly sort?: string | undefined;
  readonly filter?: string | undefined;
  /** Columns with commas between them. */
  readonly columns?: string | undefined;
}

/**
 * What the user wants of a page, as options say it; undefined when they say nothing.
 *
 * @param form of the report, if it is one
 * @throws XmError `ECOLUMN` for a column that it has not, `EUSAGE` for JSON, which has no table
 */
export function choiceOf(options: ChoiceOptions, form: string | undefined): Choice | undefined {
  const { view = '', sort, filter, columns } = options;
  if ((sort ?? filter ?? columns) === undefined) return undefined;
  if (form === 'json') {
    throw new XmError('EUSAGE', "JSON has all rows and fields: '--sort', '--filter' and '--columns' are for tables.", {
      hint: "'-o csv' knows them too, and 'jq' chooses from JSON",
    });
  }
  const page = pageNamed(view);
  const reverse = sort?.startsWith('-') ?? false;
  const shown = columns?.split(',').map((word) => keyOf(page, word));
  return {
    sort: sort === undefined ? undefined : keyOf(page, sort.slice(reverse ? 1 : 0)),
    reverse,
    filter: filter ?? NO_CHOICE.filter,
    hidden: shown === undefined ? [] : page.columns.map(({ key }) => key).filter((key) => !shown.includes(key)),
  };
}

/** A column by its key or its title, in any case. */
function keyOf({ name, columns }: Page, word: string): string {
  const wanted = word.trim().toLowerCase();
  const found = columns.find(({ key, title }) => [key.toLowerCase(), title.toLowerCase()].includes(wanted));
  if (found !== undefined) return found.key;
  throw new XmError('ECOLUMN', `The view '${name}' has no column '${word}'.`, {
    hint: `there are ${columns.map(({ key }) => key).join(', ')}`,
  });
}
