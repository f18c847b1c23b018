// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { longHelp, shortHelp, topicHelp } from '../../../src/cli/help.ts';

const commands = [
  { id: 'xend:stop', description: 'Stop it.', args: {}, flags: {} },
  { id: 'pause', description: 'Pause a domain.\nMore about it.', args: { domain: { required: true } }, flags: {} },
  { id: 'secret', description: 'Hidden.', hidden: true, args: {}, flags: {} },
  {
    id: 'block-attach',
    description: 'Give a domain a disk while it runs, and wait until the disk is connected.',
    args: { domain: { required: true }, backDev: { required: true }, frontDev: { required: true }, mode: {} },
    flags: {},
  },
];

describe('help', () => {
  test('rows: a blank, the name in 20, a blank, text in 50 that goes on in column 22', () => {
    expect(longHelp(commands)).toContain(
      [
        ' block-attach         Give a domain a disk while it runs, and wait until',
        '                      the disk is connected.',
        ` pause                Pause a domain.${' '.repeat(35)}`,
        ` xend stop            Stop it.${' '.repeat(42)}`,
        '',
      ].join('\n'),
    );
    expect(longHelp(commands)).not.toContain('secret');
  });

  test('the short one has the common commands, a topic its own', () => {
    expect(shortHelp(commands)).toContain('\n pause ');
    expect(shortHelp(commands)).not.toContain('block-attach');
    expect(topicHelp('xend', commands)).toBe(
      `Usage: xm xend <subcommand>\n\n xend stop            Stop it.${' '.repeat(42)}\n`,
    );
  });
});
