// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseAst } from 'vite';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/read.ts';
import { builtinClasses } from '../../src/devices/registry.ts';

/**
 * How much it takes to establish an entity: front end, back end and what controls them, in the samples (spec/idc.md 1.3,
 * rule 2). In sources these are the statements that say `idc` (an endpoint at an address, `idcFront`, `idcBack`), name an end's
 * quotas or modules, or wait for a connection, and the export that makes a module a kernel; imports and types run nothing.
 * What handlers and drivers do is the service. In configurations it is each form that says who meets whom.
 */

const root = resolve(import.meta.dirname, '../..');
const LIMIT = 10;

interface Node {
  readonly type: string;
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value;
/** An export is what it exports; but the default one makes a module a kernel, or an end. */
const isStatement = ({ type }: Node): boolean => /(?<!^Block)(?<!^ExportNamed)(?:Statement|Declaration)$/.test(type);
/** Not so types. */
const runs = ({ type }: Node): boolean => !/^(?:TS(?!As|Satisfies|NonNull)|ImportDeclaration)/.test(type);

function children(node: Node): readonly Node[] {
  return Object.values(node)
    .flat()
    .filter((child) => isNode(child) && runs(child));
}

/** Names in a statement itself, not in statements within it. */
function namesIn(node: Node): readonly string[] {
  const own = node.type === 'Identifier' && 'name' in node ? [String(node.name)] : [];
  return [...own, ...children(node).flatMap((child) => (isStatement(child) ? [] : namesIn(child)))];
}

const ESTABLISHES = /^(?:idc|idcFront|idcBack|defineDevice|defineKernel|threadModule|connected|quotas|\w+_QUOTAS)$/;

/** Statements that establish something, wherever they are in a module. */
function establishing(node: Node): number {
  const self = isStatement(node) && namesIn(node).some((name) => ESTABLISHES.test(name));
  return children(node).reduce((sum, child) => sum + establishing(child), Number(self));
}

const countFile = (path: string): number =>
  establishing(parseAst(readFileSync(resolve(root, path), 'utf8'), { lang: 'ts' }));

/** An entity at each address of a sample: all its kernels and a form for each end, shared among the addresses. */
function countAddress(sample: string): number {
  const file = join(root, 'configs', `${sample}.sxp`);
  const source = { name: file, text: readFileSync(file, 'utf8') };
  const { configs = [] } = readConfig(source, { directory: join(root, 'configs'), classes: builtinClasses });
  const ends = configs.flatMap((config) => config.addresses);
  const statements = configs.reduce((sum, { image }) => sum + countFile(image.kernel), 0);
  return Math.ceil((statements + ends.length) / new Set(ends).size);
}

/** A disk of a driver domain: both ends, the class, its line in the registry, and the forms `(backend ...)` and `(device ...)`. */
function countDisk(): number {
  const vbd = ['protocol', 'front', 'back', 'class'].map((name) => countFile(`src/devices/vbd/${name}.ts`));
  return vbd.reduce((sum, count) => sum + count, 3);
}

const counted: Readonly<Record<string, number>> = {
  'idc-pair': countAddress('idc-pair'),
  'idc-stack': countAddress('idc-stack'),
  'idc-symmetric': countAddress('idc-symmetric'),
  driver: countDisk(),
  // With the forms (device-class ...) and (device ...).
  'debug-device': countFile('configs/debug-device/debug.ts') + 2,
};

describe('statements to establish an entity', () => {
  test.each(Object.entries(counted))(`configs/%s: %i, fewer than ${LIMIT}`, (name, count) => {
    console.log(`configs/${name}: ${count} statements establish an entity`);
    expect(count).toBeGreaterThan(4);
    expect(count).toBeLessThan(LIMIT);
  });

  test('README says how many', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const said = [...readme.matchAll(/(\d+) in\s`configs\/([\w-]+)(?:\.sxp|)`/g)].map(([, count, name]) => [
      name,
      Number(count),
    ]);
    expect(Object.fromEntries(said)).toEqual(counted);
  });

  test('what is counted, and what is not', () => {
    const text = `
      import { defineKernel } from 'xenidc';
      const unrelated = 1;
      export default defineKernel(async (dom) => {
        const endpoint = dom.idc.endpoint('a', { onTransaction(asked) { asked.complete(0); dom.console.write('x'); } });
        if (unrelated) { await endpoint.connected(); }
        for (;;) await endpoint.call(unrelated);
      });`;
    expect(establishing(parseAst(text, { lang: 'ts' }))).toBe(3);
    expect(establishing(parseAst('export const A_QUOTAS: Quotas = { inFlight: 1 };', { lang: 'ts' }))).toBe(1);
    expect(establishing(parseAst('interface A { idc: number } type B = typeof idc;', { lang: 'ts' }))).toBe(0);
  });
});
