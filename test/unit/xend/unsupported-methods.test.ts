// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { UNSUPPORTED_METHODS, whyNoMethod } from '../../../src/xend/http/unsupported.ts';

test('the README has them, with the reasons', () => {
  const readme = readFileSync('src/xend/README.md', 'utf8');
  for (const { why, methods } of UNSUPPORTED_METHODS) {
    expect(readme).toContain(`| ${methods.map((name) => `\`${name}\``).join(', ')} | ${why} |\n`);
  }
});

test.each([
  ['domain.usb_del', 'domains have no USB'],
  ['node.tmem_shared_auth', 'there is no transcendent memory'],
  ['domain.migrate', expect.stringContaining('cannot be moved')],
  ['domain.migrate_now', undefined],
  ['domain', undefined],
  ['constructor', undefined],
])('%s', (name, why) => expect(whyNoMethod(name)).toEqual(why));
