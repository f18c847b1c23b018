// SPDX-License-Identifier: Apache-2.0
import { XmCommand } from '../src/cli/command.ts';
import { formatMetrics } from '../src/cli/format/metrics.ts';

export default class Metrics extends XmCommand {
  static override description =
    'Print what domains, devices, rings and xend count, in the format OpenMetrics.\nWith (metrics-port N) in xend-config.sxp a collector such as Prometheus finds the same at http://127.0.0.1:N/metrics.';
  static override examples = [
    '<%= config.bin %> metrics',
    {
      description: 'Processor time of each domain:',
      command: '<%= config.bin %> metrics | grep ^xm_domain_cpu_seconds_total',
    },
  ];

  async run() {
    await this.parse(Metrics);
    const { families } = await this.call('metrics', {});
    this.print(formatMetrics(families));
    return families;
  }
}
