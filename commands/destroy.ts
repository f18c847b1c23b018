// SPDX-License-Identifier: Apache-2.0
import { someWords } from '../src/cli/args.ts';
import { XmCommand } from '../src/cli/command.ts';
import { matchingDomains } from '../src/cli/matching.ts';
import { doSeveral } from '../src/cli/several.ts';

export default class Destroy extends XmCommand {
  static override description =
    'Terminate domains at once.\nIn a name * stands for any text and ? for any character; Domain-0 is never meant by them.';
  static override examples = [
    '<%= config.bin %> destroy demo',
    '<%= config.bin %> destroy 3 4 5',
    { description: 'All whose names begin so:', command: "<%= config.bin %> destroy 'cow-boot-*'" },
  ];
  static override args = { domain: someWords('Domains: names, patterns, ids or uuids.') };

  async run() {
    const { args } = await this.parse(Destroy);
    const domains = await matchingDomains(args.domain, () => this.call('domain.list', {}));
    const { failed } = await doSeveral(domains, (domain) => this.call('domain.destroy', { domain }));
    if (failed !== undefined) throw failed.error;
    const [only, ...others] = domains.map((domain) => ({ domain }));
    return others.length === 0 ? only : domains.map((domain) => ({ domain }));
  }
}
