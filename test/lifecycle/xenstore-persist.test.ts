// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAlive } from '../../src/processes.ts';
import type { XendStatus } from '../../src/xend/contract.ts';
import { connectWire } from '../../src/xenstore/wire-client.ts';
import { eventually } from '../support/until.ts';
import { type XmHome, xmHome } from '../support/xm.ts';

/** A place whose supervisor is configured by `text`. */
function configured(text: string): XmHome {
  const home = xmHome();
  mkdirSync(home.stateDir, { mode: 0o700 });
  writeFileSync(join(home.stateDir, 'xend-config.sxp'), text);
  return home;
}

const connect = async (home: XmHome) => {
  const { xenstoreSocket } = await home.json<XendStatus>(['xend', 'start']);
  return connectWire(xenstoreSocket);
};

/** Ends the supervisor without a chance to do anything. */
async function kill(home: XmHome): Promise<void> {
  const pid = home.pid()!;
  process.kill(pid, 'SIGKILL');
  await eventually(() => !isAlive(pid));
}

describe('(xenstore (persist yes))', () => {
  test('kill -9 in a loop of writes and transactions loses nothing that was answered', async () => {
    await using home = configured('(xenstore (persist yes))\n');
    let written = 0;
    let committed = 0;
    for (let round = 1; round <= 4; round++) {
      const store = await connect(home);
      for (let i = 1; i <= written; i++) expect(await store.read(`/tool/log/${i}`)).toBe(`value ${i}`);
      const [a, b] = [
        await store.read('/tool/pair/a').catch(() => '0'),
        await store.read('/tool/pair/b').catch(() => '0'),
      ];
      expect(a).toBe(b);
      expect(Number(a)).toBeGreaterThanOrEqual(committed);
      committed = Number(a);

      let answers = 0;
      const enough = Promise.withResolvers<void>();
      const answered = () => ++answers === round * 100 && enough.resolve();
      const writing = async () => {
        for (;;) {
          const next = written + 1;
          await store.write(`/tool/log/${next}`, `value ${next}`);
          written = next;
          answered();
        }
      };
      const committing = async () => {
        for (;;) {
          const next = String(committed + 1);
          await store.transaction(async (tx) => {
            await tx.write('/tool/pair/a', next);
            await tx.write('/tool/pair/b', next);
          });
          committed++;
          answered();
        }
      };
      const loops = Promise.allSettled([writing(), committing()]);
      await enough.promise;
      await kill(home);
      expect(await loops).toMatchObject([{ reason: { errno: 'EIO' } }, { reason: { errno: 'EIO' } }]);
    }
    expect(written + committed).toBeGreaterThan(900);
  });

  test('an orderly stop keeps the same, and nothing of domains', async () => {
    await using home = configured('(xenstore\n  (persist yes))');
    const config = home.file('web.sxp', '(vm (name web) (memory 32) (image (js (kernel shell))))');
    await home.ok(['create', config]);
    await home.ok(['xenstore', 'write', '/local/domain/0/mine', '1', '/tool/a', '2', '/elsewhere', '3']);
    await home.ok(['xenstore', 'chmod', '/tool/a', 'n0', 'r7']);
    const domains = await home.ok(['xenstore', 'list', '/local/domain']);
    expect(domains).toBe('0\n1\n');
    await home.ok(['xend', 'restart']);
    expect(await home.ok(['xenstore', 'read', '/local/domain/0/mine', '/local/domain/0/name'])).toBe('1\nDomain-0\n');
    expect(await home.ok(['xenstore', 'ls', '-f', '-p', '/tool'])).toBe(
      '/tool/xenstored = ""   (n0)\n/tool/a = "2"   (n0,r7)\n',
    );
    expect(await home.ok(['xenstore', 'list', '/local/domain'])).toBe('0\n');
    expect((await home.run(['xenstore', 'exists', '/elsewhere'])).status).toBe(1);
  });
});

test('without it nothing is kept, and no file is made', async () => {
  await using home = configured('(xenstore (persist no))');
  await home.ok(['xenstore', 'write', '/tool/a', '1']);
  await home.ok(['xend', 'restart']);
  expect((await home.run(['xenstore', 'exists', '/tool/a'])).status).toBe(1);
  expect(readdirSync(home.stateDir).filter((name) => name.startsWith('xenstore'))).toEqual([]);
});

describe('a configuration that is wrong', () => {
  test('xend does not start, and says all that is wrong and where', async () => {
    await using home = configured('(xenstore (persist maybe) (presist no))\n(xenstroe (persist yes))\n');
    const { status, stderr } = await home.run(['xend', 'start']);
    expect(status).toBe(1);
    const file = join(home.stateDir, 'xend-config.sxp');
    expect(stderr.replaceAll(file, 'FILE')).toBe(`Error: Unable to start xend: FILE has 3 errors:
FILE:1:20: error: xenstore: persist must be yes or no, not 'maybe'
(xenstore (persist maybe) (presist no))
                   ^~~~~
FILE:1:28: error: xenstore: unknown field 'presist'
(xenstore (persist maybe) (presist no))
                           ^~~~~~~
hint: did you mean 'persist'?
FILE:2:2: error: unknown field 'xenstroe'
(xenstroe (persist yes))
 ^~~~~~~~
hint: did you mean 'xenstore'?
Hint: more may be in ${join(home.stateDir, 'xend-debug.log')}
`);
  });

  test('XEND_CONFIG names another file, from here, and that one has to be there', async () => {
    await using home = configured('(nonsense');
    home.file('other.sxp', '# nothing\n');
    await home.ok(['xend', 'start'], { env: { XEND_CONFIG: 'other.sxp' } });
    await home.ok(['xend', 'stop']);
    const { status, stderr } = await home.run(['xend', 'start'], { env: { XEND_CONFIG: 'missing.sxp' } });
    expect(status).toBe(1);
    expect(stderr).toContain("Unable to read xend's configuration: ENOENT");
  });
});
