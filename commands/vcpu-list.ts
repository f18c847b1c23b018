// SPDX-License-Identifier: Apache-2.0
import { domains } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { vcpuColumns, vcpuTable } from '../src/cli/format/vcpus.ts';
import { list, listing } from '../src/cli/listing.ts';

export default class VcpuList extends XmCommand {
  static override description =
    "List the virtual processors of domains.\nA domain is one thread, so that its first one is online; CPU is the processor on which the thread ran last. Domains of a pool share threads: their processor and affinity are those of the thread, and its time is nobody's.\nState: r running, b blocked, p offline.";
  static override examples = ['<%= config.bin %> vcpu-list', '<%= config.bin %> vcpu-list demo -c cpu,affinity'];
  static override args = { domain: domains() };
  static override flags = listing;

  async run() {
    const { args, flags } = await this.parse(VcpuList);
    const { vcpus, cpus } = await this.call('vcpu.list', args.domain?.length ? { names: args.domain } : {});
    const { text, value } = await list('vcpu', vcpus, vcpuColumns(cpus), flags, (all) => vcpuTable(all, cpus));
    this.print(text);
    return value;
  }
}
