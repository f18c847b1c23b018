// SPDX-License-Identifier: Apache-2.0
import { boolean } from '@oclif/core/flags';
import { domain, word } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { bytes, count } from '../src/cli/flags.ts';
import { pingLines } from '../src/cli/format/idc.ts';

export default class IdcPing extends XmCommand {
  static override description =
    "Measure round trips from a domain's endpoint to its peer.\nThe endpoints ping each other by themselves, without the kernels' handlers; the times are those of the domain, without xend. It ends after 10 seconds, or 2 if polled. Exit status 1 when something was not answered.";
  static override examples = [
    '<%= config.bin %> idc-ping left pair',
    '<%= config.bin %> idc-ping left pair -c 10000 -s 112',
    {
      description: 'Without waking up, as code does that may not yield:',
      command: '<%= config.bin %> idc-ping left pair --polled',
    },
  ];
  static override args = { domain: domain(), address: word('Address at which the domain has an endpoint.') };
  static override flags = {
    count: count({ char: 'c', description: 'Round trips.', default: 100 }),
    size: bytes({ char: 's', description: 'Bytes each way.', default: 56 }),
    polled: boolean({ description: "Poll for the answers; the domain's thread does nothing else meanwhile." }),
  };

  async run() {
    const { args, flags } = await this.parse(IdcPing);
    const { count, size, polled } = flags;
    const ping = await this.call('idc.ping', { ...args, count, size, polled });
    this.print(pingLines(ping));
    if (ping.answered < ping.transmitted) process.exitCode = 1;
    return ping;
  }
}
