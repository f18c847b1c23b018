// SPDX-License-Identifier: Apache-2.0
import type { Source, Span, SxpNode } from './contract.ts';
import { missingParen } from './indent.ts';
import { MAX_DEPTH } from './limits.ts';
import type { Report } from './report.ts';

/** Turns opening, closing and text, in the order of a text, into a tree. */
export interface Builder {
  open(span: Span): void;
  close(span: Span): void;
  atom(text: string, span: Span): void;
  /** Ends the text. @returns its top-level forms; lists left open end where their last item ends. */
  end(): SxpNode[];
}

interface OpenList {
  readonly paren: Span;
  readonly items: SxpNode[];
}

/** A builder that reports parentheses without partner, and lists nested too deep, which it leaves out. */
export function builder(source: Source, report: Report): Builder {
  const forms: SxpNode[] = [];
  const lists: OpenList[] = [];
  let items = forms;
  /** How many lists below the limit are open and left out. */
  let skipped = 0;

  const leave = (list: OpenList, end: number) => {
    lists.pop();
    items = lists.at(-1)?.items ?? forms;
    items.push({ kind: 'list', items: list.items, span: { start: list.paren.start, end } });
  };

  return {
    open(paren) {
      if (lists.length < MAX_DEPTH) {
        items = [];
        lists.push({ paren, items });
        return;
      }
      if (skipped === 0) report('sxp-too-deep', `nested deeper than ${MAX_DEPTH} lists`, paren);
      skipped++;
    },
    close(paren) {
      if (skipped > 0) {
        skipped--;
        return;
      }
      const list = lists.at(-1);
      if (list === undefined) report('sxp-stray-paren', "syntax error: ')' closes no list", paren);
      else leave(list, paren.end);
    },
    atom(text, span) {
      if (skipped === 0) items.push({ kind: 'atom', text, span });
    },
    end() {
      for (let list = lists.at(-1); list !== undefined; list = lists.at(-1)) {
        // Where lists were left out, nobody can tell which of the others are really open.
        if (skipped === 0) {
          const hint = lists.length === 1 ? missingParen(source, list.items) : undefined;
          report('sxp-unclosed-list', 'unexpected end of input: this list is not closed', list.paren, hint);
        }
        leave(list, list.items.at(-1)?.span.end ?? list.paren.end);
      }
      return forms;
    },
  };
}
