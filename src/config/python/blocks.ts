// SPDX-License-Identifier: Apache-2.0
import type { Source, Span } from '../../sxp/contract.ts';
import type { Report } from '../../sxp/report.ts';
import type { Branch, Header, Line, Statement } from './contract.ts';
import { parseLine } from './grammar.ts';
import { MAX_DEPTH } from './limits.ts';
import { spanOf, splitLines, type TokenLine } from './lines.ts';

/** Statements of one indentation. */
interface Block {
  readonly statements: Statement[];
  /** Undefined until its first line comes. */
  indent: number | undefined;
  /** Branches of the `if` that the next line may continue. */
  branches: Branch[] | undefined;
  /** The header it belongs to; undefined if nothing is said about a block that is missing. */
  readonly header: Span | undefined;
}

const block = (statements: Statement[], indent?: number, header?: Span): Block => ({
  statements,
  indent,
  branches: undefined,
  header,
});

/** All statements of a text. What is wrong is reported, for each line by itself; then they are best effort. */
export function parsePython(source: Source, report: Report): readonly Statement[] {
  const outer = block([], 0);
  const blocks = [outer];
  for (const line of splitLines(source, report)) {
    place(line, blocks, report);
    if (blocks.length > MAX_DEPTH) {
      report('python-limit', `blocks are nested deeper than ${MAX_DEPTH}`, spanOf(line.tokens[0]!));
      return outer.statements;
    }
    const parsed = line.bad ? undefined : readLine(line, report);
    if (parsed === undefined) skip(blocks);
    else add(parsed, blocks, report);
  }
  while (blocks.length > 1) leave(blocks, report);
  return outer.statements;
}

/** Leaves and enters blocks until the last one is that of the line. */
function place({ indent, tokens }: TokenLine, blocks: Block[], report: Report): void {
  const first = spanOf(tokens[0]!);
  const last = blocks.at(-1)!;
  if (last.indent === undefined) {
    if (indent > blocks.at(-2)!.indent!) {
      last.indent = indent;
      return;
    }
    leave(blocks, report);
  }
  let left = false;
  while (indent < blocks.at(-1)!.indent!) {
    leave(blocks, report);
    left = true;
  }
  if (indent === blocks.at(-1)!.indent) return;
  const message = left ? 'this is indented like no line above' : 'unexpected indentation';
  report('python-syntax', `syntax error: ${message}`, first);
}

function leave(blocks: Block[], report: Report): void {
  const { indent, header } = blocks.pop()!;
  if (indent !== undefined || header === undefined) return;
  report('python-syntax', 'syntax error: an indented block is missing after this', header);
}

function readLine({ tokens }: TokenLine, report: Report): Line | undefined {
  const line = parseLine(tokens);
  if ('statements' in line) return line;
  const { end } = spanOf(tokens.at(-1)!);
  report('python-syntax', `syntax error: ${line.message}`, line.token ? spanOf(line.token) : { start: end, end });
  return undefined;
}

/** What belongs to a wrong line is read for its own errors, and nothing is said about where it stands. */
function skip(blocks: Block[]): void {
  blocks.at(-1)!.branches = [];
  blocks.push(block([]));
}

function add({ header, statements }: Line, blocks: Block[], report: Report): void {
  const current = blocks.at(-1)!;
  if (header === undefined) {
    current.branches = undefined;
    current.statements.push(...statements);
    return;
  }
  const body: Statement[] = [...statements];
  attach(header, body, current, report);
  // What stands behind the colon is the whole block.
  if (statements.length === 0) blocks.push(block(body, undefined, header.span));
}

function attach(header: Header, body: Statement[], current: Block, report: Report): void {
  const { kind, span } = header;
  if (kind === 'def') {
    current.branches = undefined;
    current.statements.push({ kind, word: header.word, parameters: header.parameters, body, span });
    return;
  }
  if (kind === 'if') {
    current.branches = [];
    current.statements.push({ kind, branches: current.branches, span });
  } else if (current.branches === undefined) {
    report('python-syntax', `syntax error: '${kind}' without 'if'`, span);
  }
  current.branches?.push(kind === 'else' ? { body } : { condition: header.condition, body });
  if (kind === 'else') current.branches = undefined;
}
