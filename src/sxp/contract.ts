// SPDX-License-Identifier: Apache-2.0

/**
 * An S-expression as a value: text or a list. Parsing yields strings only (SXP has no types); numbers are accepted where
 * values are built to be printed.
 */
export type Sxp = string | number | readonly Sxp[];

/** Half-open range of UTF-16 offsets into a source text. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** The text it is in, if that is not the one that is being read: a command line may add to a file. */
  readonly source?: Source;
}

/** An atom, string or data block: after parsing they cannot be told apart. */
export interface SxpAtom {
  readonly kind: 'atom';
  readonly text: string;
  readonly span: Span;
}

/** A list; `span` includes both parentheses. */
export interface SxpList {
  readonly kind: 'list';
  readonly items: readonly SxpNode[];
  readonly span: Span;
}

/** A parsed form that knows where it stood. */
export type SxpNode = SxpAtom | SxpList;

/** A named text, e.g. a configuration file; `name` is what messages print before `:LINE:COL`. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

/** One finding about a source. Errors refuse the text; a warning is printed and the text accepted. */
export interface Diagnostic {
  /** Stable word, e.g. `sxp-unclosed-list`, `config-unknown-field`. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  /** One sentence without position, e.g. `unknown field 'memmory'`. */
  readonly message: string;
  readonly span: Span;
  /** E.g. `did you mean 'memory'?` */
  readonly hint?: string;
}

/** All top-level forms of a text and everything that was wrong with it; `forms` is best effort when there are errors. */
export interface ParseResult {
  readonly forms: readonly SxpNode[];
  readonly diagnostics: readonly Diagnostic[];
}
