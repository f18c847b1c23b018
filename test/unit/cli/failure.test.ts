// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { failureJson, failureOf, failureText, usageError } from '../../../src/cli/failure.ts';
import type { CommandShape } from '../../../src/cli/usage.ts';
import { noSuchDomain, XmError } from '../../../src/errors.ts';

const command: CommandShape = {
  id: 'xend:poke',
  description: 'Poke it.\nMore.',
  args: { domain: { required: true }, mode: {}, rest: { multiple: true } },
  flags: { long: {} },
};

describe('what the user is told', () => {
  test('an unknown domain: status 3, no usage', () => {
    const failure = failureOf(noSuchDomain('web'), command);
    expect(failure.exit).toBe(3);
    expect(failureText(failure)).toBe("Error: Domain 'web' does not exist.\n");
    expect(failureJson(failure)).toEqual({
      error: { code: 'ENODOMAIN', message: "Domain 'web' does not exist.", exit: 3 },
    });
  });

  test('a hint is a line of its own and a member of the JSON', () => {
    const failure = failureOf(new XmError('EX', 'No.', { hint: 'try yes' }), command);
    expect(failureText(failure)).toBe('Error: No.\nHint: try yes\n');
    expect(failureJson(failure).error.hint).toBe('try yes');
  });

  test('what a domain said drives no terminal', () => {
    const failure = failureOf(new XmError('EX', 'The kernel said \x1b[2J\x9b1m', { hint: 'a\rb' }), command);
    expect(failureText(failure)).toBe('Error: The kernel said \\x1b[2J\\x9b1m\nHint: a\\x0db\n');
  });

  test('a wrong command line shows the usage', () => {
    const failure = failureOf(usageError('Expected one file.'), command);
    expect(failureText(failure)).toBe('Error: Expected one file.\n');
    expect(failure.usage).toBe('Usage: xm xend poke [options] <Domain> [<Mode>] [<Rest>...]\n\nPoke it.');
  });

  test('a defect says that it is one and shows no stack', () => {
    const text = failureText(failureOf(new TypeError('x is not a function'), command));
    expect(text).toMatch(/^Error: Unexpected error: x is not a function\nHint: .*XM_DEBUG=1.*\n$/);
    expect(failureOf('torn', command)).toMatchObject({ message: 'Unexpected error: torn', exit: 1 });
  });
});
