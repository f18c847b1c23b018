// SPDX-License-Identifier: Apache-2.0

/** A word that may stand there, and what it means. A shell puts no blank behind one that ends in `=` or `:`. */
export interface Proposal {
  readonly word: string;
  readonly help: string;
}

/** What may stand in some place: words, and also names of files. */
export interface Proposals {
  readonly words: readonly Proposal[];
  /** Names of files may stand there too, behind this beginning of the word, such as `file=`. Absent: none. */
  readonly filesAfter?: string;
}

/** Something that is set by `KEY=VALUE`. */
export interface Setting {
  readonly name: string;
  /** One sentence for users. */
  readonly doc: string;
  /** What its value may be, as far as that is known: words, or names that xend is asked for. */
  readonly values?: readonly string[] | 'domains' | 'pools';
  /** Words that a path may follow in its value, such as `file:`; the empty one for a value that is a path. */
  readonly paths?: readonly string[];
  /** It may be given more than once. */
  readonly repeated?: boolean;
}

/** Names that only xend knows: none when it does not run, does not answer at once, or does not know what is asked for. */
export interface LiveNames {
  domains(): Promise<readonly string[]>;
  /** Devices of a domain, of one class or of all. */
  devices(domain: string, className: string | undefined): Promise<readonly string[]>;
  classes(): Promise<readonly string[]>;
  /** The keys of a class, or of that which a module of a user's own holds. */
  fields(className: string, path: string | undefined): Promise<readonly Setting[]>;
  addresses(): Promise<readonly string[]>;
  /** Of threads. */
  pools(): Promise<readonly string[]>;
}
