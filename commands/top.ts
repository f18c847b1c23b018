// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { XmCommand } from '../src/cli/command.ts';
import { count, seconds } from '../src/cli/flags.ts';

export default class Top extends XmCommand {
  static override description =
    'Show what domains and their rings do, like top.\nWithout a terminal, with -b and with --json it writes a report a round.';
  static override examples = [
    '<%= config.bin %> top',
    { description: 'Two rounds, one second apart:', command: '<%= config.bin %> top -b -i 2 -d 1' },
    { description: 'One JSON object a line:', command: '<%= config.bin %> top --json -i 1' },
  ];
  static override flags = {
    batch: boolean({ char: 'b', description: 'Reports instead of a screen.' }),
    iterations: count({ char: 'i', description: 'End after so many rounds (reports only).' }),
    delay: seconds({ char: 'd', description: 'Seconds between two rounds.', default: 3 }),
    'full-name': boolean({ char: 'f', description: 'Do not cut names (reports only).' }),
    rings: boolean({ description: 'Rings after the domains (reports only).', default: true, allowNo: true }),
  };

  async run() {
    const { flags } = await this.parse(Top);
    const xend = this.xend();
    const fetch = () => xend.call('stats', {});
    const isScreen = process.stdout.isTTY && process.stdin.isTTY && process.env.TERM !== 'dumb';
    if (isScreen && !flags.batch && !this.jsonEnabled() && flags.iterations === undefined) {
      // React's development build, which is the default, takes twice the time a frame.
      process.env.NODE_ENV ??= 'production';
      const { openScreen } = await import('../src/tui/app.tsx');
      return openScreen({ fetch, delay: flags.delay });
    }
    const { batchJson, batchText, runBatch } = await import('../src/tui/batch.ts');
    const options = { fullNames: flags['full-name'], rings: flags.rings };
    await runBatch({
      fetch,
      iterations: flags.iterations ?? Number.POSITIVE_INFINITY,
      delay: flags.delay,
      format: this.jsonEnabled() ? batchJson : (round) => batchText(round, options),
      write: (text) => process.stdout.write(text),
    });
    return undefined;
  }
}
