// SPDX-License-Identifier: Apache-2.0
import { someWords } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { readConfig, splitWords } from '../src/cli/input.ts';
import { counted } from '../src/cli/validate.ts';

export default class Validate extends XmCommand {
  static override description =
    'Check configuration files and show everything that is wrong with them.\nThat of xend itself, xend-config.sxp, is one of them. Exit status 1 when one has an error.';
  static override examples = [
    '<%= config.bin %> validate configs/demo.sxp',
    '<%= config.bin %> validate configs/*.sxp --json',
    '<%= config.bin %> validate configs/xend-config.sxp',
  ];
  static override args = { configFile: someWords('Configurations, or - for stdin; NAME=VALUE are their variables.') };

  async run() {
    const { args } = await this.parse(Validate);
    const xend = this.xend();
    const results = [];
    const { files, variables } = splitWords(args.configFile);
    for (const typed of files) {
      const config = { ...(await readConfig(typed)), ...(variables.length === 0 ? {} : { variables }) };
      const { file } = config;
      const result = await xend.call('config.check', { ...config, any: true });
      this.print(`${result.report}${file}: ${counted(result) || 'ok'}\n`);
      if (!result.ok) process.exitCode = 1;
      results.push({ file, ...result });
    }
    return results;
  }
}
