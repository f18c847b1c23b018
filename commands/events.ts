// SPDX-License-Identifier: Apache-2.0
import { boolean, string } from '@oclif/core/flags';
import { XmCommand } from '../src/cli/command.ts';
import { domainsOf, type EventItem, eventItems, eventJson, eventRequest, eventText } from '../src/cli/events.ts';
import { noteUnknown } from '../src/cli/log.ts';

export default class Events extends XmCommand {
  static override description =
    'Print what happens to domains, devices, drivers, endpoints and rings.\nWithout -f: what happened so far, as much of it as xend keeps. Who reads too slowly is told how much was missed. With --json there is one object a line. Events are numbered without gaps, anew by each xend: with --json they say which one it is (boot), so that a restart is told from a gap. Filters with the same key are alternatives, those with different keys must all hold; a domain is named or numbered.';
  static override examples = [
    { description: 'What comes from now on:', command: '<%= config.bin %> events -f' },
    {
      description: "A domain's devices, the last ten minutes and what comes:",
      command: '<%= config.bin %> events -f --since 10m --filter domain=web --filter kind=device',
    },
    {
      description: 'Why domains ended:',
      command: `<%= config.bin %> events --json --filter event=gone | jq '{domain, reason}'`,
    },
  ];
  static override flags = {
    follow: boolean({
      char: 'f',
      description: 'Go on with new events as they come; starts with them, unless --since.',
    }),
    since: string({ description: 'Events since then: 90s, 10m, 1h30m, 2d back, today, yesterday, 14:30, or a date.' }),
    filter: string({
      description: 'Only events with this, e.g. kind=device, event=connected, domain=web, class=vbd; may be repeated.',
      helpValue: '<key>=<value>',
      multiple: true,
      multipleNonGreedy: true,
    }),
  };

  protected override readonly jsonLines = true;

  async run() {
    const { flags } = await this.parse(Events);
    const { params, path } = eventRequest(flags, Date.now());
    const lineOf = this.jsonEnabled() ? (item: EventItem) => JSON.stringify(eventJson(item)) : eventText;
    const print = (item: EventItem): void => void process.stdout.write(`${lineOf(item)}\n`);
    if (flags.follow) {
      const ask = (domain: string) => this.call('events.read', { filters: [`domain=${domain}`], since: Date.now() });
      await noteUnknown(domainsOf(flags), ask, (line) => this.notice(line));
      for await (const item of eventItems(this.follow(path))) print(item);
    } else {
      const { events, lost } = await this.call('events.read', params);
      if (lost > 0) print({ lost });
      events.forEach(print);
    }
  }
}
