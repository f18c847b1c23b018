// SPDX-License-Identifier: Apache-2.0
import { choiceWord } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { SCRIPTS, SHELLS } from '../src/cli/complete/scripts.ts';

export default class Completion extends XmCommand {
  static override description =
    'Print what makes a shell complete command lines of xm: subcommands, options, domains, devices.';
  static override examples = [
    { description: 'In ~/.bashrc or ~/.zshrc:', command: 'source <(<%= config.bin %> completion bash)' },
    { description: 'In ~/.config/fish/config.fish:', command: '<%= config.bin %> completion fish | source' },
  ];
  static override args = { shell: choiceWord('Which shell.', SHELLS) };

  async run() {
    const { args } = await this.parse(Completion);
    const script = SCRIPTS[args.shell];
    this.print(script);
    return { shell: args.shell, script };
  }
}
