// SPDX-License-Identifier: Apache-2.0

/** What usage and help need of a command: its class and its manifest entry both have it. */
export interface CommandShape {
  readonly id: string;
  readonly description?: string | undefined;
  readonly hidden?: boolean | undefined;
  readonly args: Readonly<
    Record<string, { readonly required?: boolean | undefined; readonly multiple?: boolean | undefined }>
  >;
  readonly flags: Readonly<
    Record<string, { readonly char?: string | undefined; readonly aliases?: string[] | undefined }>
  >;
}

/** `xend start` of oclif's `xend:start`. */
export function spoken(id: string): string {
  return id.replaceAll(':', ' ');
}

/** The arguments of a command as in `<Domain> [<Mode>] [<Class>...]`. */
export function argumentLine(command: CommandShape): string {
  return Object.entries(command.args)
    .map(([name, { required, multiple }]) => {
      const title = `<${name[0]!.toUpperCase()}${name.slice(1)}>${multiple ? '...' : ''}`;
      return required ? title : `[${title}]`;
    })
    .join(' ');
}

/** `Usage: xm pause <Domain>` and what the command does, as they follow an error in the arguments (spec/xend.md 4.4). */
export function usageText(command: CommandShape): string {
  const options = Object.keys(command.flags).length > 0 ? ['[options]'] : [];
  const usage = ['Usage: xm', spoken(command.id), ...options, argumentLine(command)].filter(Boolean).join(' ');
  return [usage, summary(command)].filter(Boolean).join('\n\n');
}

/** The first line of a command's description. */
export function summary({ description = '' }: CommandShape): string {
  return description.split('\n')[0]!;
}

/** How many arguments a command wants, in xm's words (spec/xend.md 4.4; the plural is always used). */
export function arityMessage(command: CommandShape): string {
  const args = Object.values(command.args);
  const least = args.filter((arg) => arg.required).length;
  const most = args.some((arg) => arg.multiple) ? Number.POSITIVE_INFINITY : args.length;
  const name = `'xm ${spoken(command.id)}'`;
  if (most === Number.POSITIVE_INFINITY) return `${name} requires at least ${least} arguments.`;
  if (most > least) return `${name} requires between ${least} and ${most} arguments.`;
  return `${name} requires ${least} arguments.`;
}

/** All long spellings of a command's options. */
export function optionNames(command: CommandShape): string[] {
  const own = Object.entries(command.flags).flatMap(([name, { aliases = [] }]) => [name, ...aliases]);
  return [...own, 'json', 'help'].map((name) => `--${name}`);
}
