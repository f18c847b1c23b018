// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { longHelp, shortHelp, topicHelp } from '../../../src/cli/help.ts';

const commands = [
  { id: 'xend:stop', description: 'Stop it.', args: {}, flags: {} },
  { id: 'pause', description: 'Pause a domain.\nMore about it.', args: { domain: { required: true } }, flags: {} },
  { id: 'secret', description: 'Hidden.', hidden: true, args: {}, flags: {} },
  {
    id: 'block-attach',
    description: 'Give a domain a disk while it runs.',
    args: { domain: { required: true }, backDev: { required: true }, frontDev: { required: true }, mode: {} },
    flags: {},
  },
];

describe('help', () => {
  test('rows: a blank, the name in 20, a blank, text that goes on in column 22; no trailing blanks', () => {
    expect(longHelp(commands)).toContain(
      [
        ' block-attach         <Domain> <BackDev> <FrontDev> [<Mode>]  Give a domain a',
        '                      disk while it runs.',
        ' pause                <Domain>  Pause a domain.',
        ' xend stop            Stop it.',
        '',
      ].join('\n'),
    );
    expect(longHelp(commands)).not.toMatch(/ $/m);
    expect(longHelp(commands)).not.toContain('secret');
  });

  test('the short one has the common commands, a topic its own', () => {
    expect(shortHelp(commands)).toContain('\n pause ');
    expect(shortHelp(commands)).not.toContain('block-attach');
    expect(topicHelp('xend', commands)).toBe('Usage: xm xend <subcommand>\n\n xend stop            Stop it.\n');
  });
});
