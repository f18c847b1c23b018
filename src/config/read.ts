// SPDX-License-Identifier: Apache-2.0
import type { Source, Span, SxpNode } from '../sxp/contract.ts';
import { positionOf } from '../sxp/position.ts';
import { collector } from '../sxp/report.ts';
import { cite } from '../sxp/show.ts';
import type { Context, ReadOptions } from './context.ts';
import type { ConfigResult, VmConfig } from './contract.ts';
import { vmOfDomain } from './domain-form.ts';
import { vmFields } from './fields.ts';
import { asForms, FIELD, type Form, group } from './form.ts';
import { imageFields } from './image.ts';
import { parseAny } from './parse-any.ts';
import { DEDICATED } from './pool-name.ts';

/** Smallest quota that a thread can live in, MB. */
export const MIN_OWN_MEMORY = 16;

/**
 * Reads the `(vm ...)` forms of a text, one for each domain; a Python-style text stands for one. The `(domain ...)` that
 * `xm list -l` shows is one too.
 *
 * Every field of the text ends up in the configuration or is reported; all findings, those of the parser too, come at once
 * and in the order of the text. After a syntax error what could be read is still checked, only nothing is called missing.
 *
 * @returns the configurations with defaults filled in, unless something is wrong; paths are absolute, classes have their
 * own names instead of aliases. Nothing is looked up outside the text: files need not exist.
 */
export function readConfig(source: Source, options: ReadOptions): ConfigResult {
  const { forms, diagnostics, complete } = parseAny(source, options);
  const { report, done } = collector();
  const place: Context['place'] = (span) =>
    span.source === undefined ? ` on line ${positionOf(source, span.start).line}` : ` on the command line`;
  const configs = readForms(forms, { ...options, report, complete, place });
  const all = [...diagnostics, ...done()].sort((a, b) => a.span.start - b.span.start);
  const refused = all.some(({ severity }) => severity === 'error');
  return { configs: refused ? undefined : (configs as readonly VmConfig[]), diagnostics: all };
}

function readForms(forms: readonly SxpNode[], context: Context): readonly (Partial<VmConfig> | undefined)[] {
  if (forms.length === 0 && context.complete) {
    context.report('config-no-vm', 'no (vm ...) form', { start: 0, end: 0 });
  }
  const seen = new Map<string, Span>();
  const once = (what: string, form: SxpNode): void => {
    const first = seen.get(what);
    if (first === undefined) seen.set(what, form.span);
    else {
      const message = `another domain ${what}, the one${context.place(first)}`;
      context.report('config-duplicate-name', message, headOf(form).span);
    }
  };
  return forms.map((form) => {
    const config = readForm(form, context);
    if (config?.name !== undefined) once(`is called ${cite(config.name)}`, form);
    if (config?.uuid) once(`has the uuid ${config.uuid}`, form);
    return config;
  });
}

const headOf = (form: SxpNode): SxpNode => (form.kind === 'list' ? (form.items[0] ?? form) : form);

function readForm(node: SxpNode, context: Context): Partial<VmConfig> | undefined {
  const head = headOf(node);
  if (node.kind === 'list' && head.kind === 'atom') {
    const form = { name: head.text, nameSpan: head.span, values: node.items.slice(1), list: node };
    if (form.name === 'vm') return readVm(form, context);
    const recorded = form.name === 'domain' ? vmOfDomain(form, context) : undefined;
    if (recorded !== undefined) return readVm(recorded, context);
    if (form.name === 'domain') return undefined;
  }
  const found = head.kind !== 'atom' ? 'a list' : node.kind === 'list' ? `(${head.text} ...)` : cite(head.text);
  context.report('config-not-vm', `expected (vm ...), found ${found}`, head.span);
  return undefined;
}

/** The fields that could be read; all of them, unless something was reported. */
function readVm(vm: Form, context: Context): Partial<VmConfig> {
  const rules = {
    prefix: '',
    known: vmFields.map(({ name }) => name),
    repeated: vmFields.filter(({ repeated }) => repeated).map(({ name }) => name),
    elsewhere: (name: string) => whereElse(name, context),
  };
  const given = group(asForms(vm.values, '', FIELD, context), rules, context);
  const config: { -readonly [K in keyof VmConfig]?: unknown } = {};
  for (const field of vmFields) {
    const forms = given.get(field.name);
    config[field.key] = forms === undefined ? field.default : field.read(forms, context);
    if (forms !== undefined || field.default !== undefined || !context.complete) continue;
    context.report('config-missing-field', `missing field '${field.name}'`, vm.nameSpan, `add ${field.syntax}`);
  }
  checkPlace(config as Partial<VmConfig>, given, context);
  return config as Partial<VmConfig>;
}

/** Reports what does not go with where the domain lives. */
function checkPlace(
  { pool, memory = MIN_OWN_MEMORY, maxMemory = 0, backends = [], cpus = [] }: Partial<VmConfig>,
  given: ReadonlyMap<string, readonly Form[]>,
  context: Context,
): void {
  const where = (field: string): Span => given.get(field)![0]!.nameSpan;
  if (pool !== undefined && pool !== DEDICATED && backends.length > 0) {
    const hint = 'they need files and sockets, which a thread of a pool has not';
    context.report('config-conflict', `a domain with (pool ${pool}) serves no back ends`, where('backend'), hint);
  }
  if (pool !== undefined && pool !== DEDICATED && cpus.length > 0) {
    const hint = 'only a thread of its own can be bound to processors: (pool dedicated)';
    context.report('config-conflict', `a domain with (pool ${pool}) has no cpus`, where('cpus'), hint);
  }
  if (maxMemory > 0 && maxMemory < memory) {
    context.report('config-conflict', `maxmem ${maxMemory} is less than memory ${memory}`, where('maxmem'));
  }
  if (pool === DEDICATED && memory < MIN_OWN_MEMORY) {
    const message = `a domain with a thread of its own needs ${MIN_OWN_MEMORY} MB of memory, not ${memory}`;
    context.report('config-conflict', message, where('memory'), '(pool shared) lets it live with less');
  }
}

/** Where a field belongs that is no field of the vm. */
function whereElse(name: string, { classes }: Context): string | undefined {
  const used = classes.find((candidate) => candidate.name === name || candidate.aliases.includes(name));
  if (used !== undefined) return `devices are written (device (${used.name} ...))`;
  if (imageFields.some((field) => field.name === name)) return `it belongs into (image (js (${name} ...)))`;
  return undefined;
}
