// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { XendOptions } from '../../src/xend/context.ts';
import type { DomainInfo, XendApi, XendMethod } from '../../src/xend/contract.ts';
import { type RunPaths, runPaths } from '../../src/xend/paths.ts';
import { createXend, type Xend } from '../../src/xend/service.ts';
import { openTerminal, type Terminal } from './terminal.ts';
import { type VmSpec, vmText } from './vm.ts';

/** A real supervisor in this process, with directories of its own. */
export interface TestXend extends AsyncDisposable {
  readonly xend: Xend;
  readonly paths: RunPaths;
  /** Where images and kernels of the test go; removed with everything else. */
  readonly directory: string;
  call<M extends XendMethod>(method: M, params: XendApi[M]['params']): Promise<XendApi[M]['result']>;
  /** Creates a domain and returns when its devices are connected. */
  create(spec: VmSpec, paused?: boolean): Promise<DomainInfo>;
  /** The domain as `xm list` shows it, or undefined. */
  info(name: string): Promise<DomainInfo | undefined>;
  /** Attaches to a domain's console. */
  open(name: string): Promise<Terminal>;
  /** Attaches and waits for the shell's first prompt. */
  shell(name: string): Promise<Terminal>;
  /** Attaches a disk. */
  attachDisk(
    domain: string,
    file: string,
    dev: string,
    mode?: string,
    backend?: string,
  ): ReturnType<TestXend['attach']>;
  attach(
    domain: string,
    className: string,
    config: Record<string, string>,
  ): Promise<XendApi['device.attach']['result']>;
  detachDisk(domain: string, device: string): Promise<XendApi['device.detach']['result']>;
  /** Writes a file into {@link directory}. @returns its path */
  file(name: string, content: Uint8Array | string): string;
}

/** What a test says about a supervisor. */
export interface TestXendOptions extends Omit<XendOptions, 'paths'> {
  /** Where domains live that do not say it; those that serve others have threads of their own in any case. */
  readonly pool?: string;
}

/** Where domains live unless a test says it: the project `light` of vitest.config.ts runs suites with all of them in the pool. */
export const POOL = process.env.XM_TEST_POOL === 'shared' ? 'shared' : 'dedicated';

/** Extents, grants and ports that a domain has for itself: its console's and, with a thread of its own, its store page's. */
export const OWN_RINGS = POOL === 'shared' ? 1 : 2;

/** Starts a supervisor. */
export async function startXend({ pool = POOL, ...options }: TestXendOptions = {}): Promise<TestXend> {
  const directory = mkdtempSync('/tmp/xt-');
  const paths = runPaths({ XEND_RUNDIR: join(directory, 'run'), XEND_STATEDIR: join(directory, 'state') });
  mkdirSync(paths.runDir, { mode: 0o700 });
  const xend = await createXend({ ...options, paths });

  const call: TestXend['call'] = (method, params) => xend.methods[method](params);
  const attach: TestXend['attach'] = (domain, className, config) =>
    call('device.attach', { domain, class: className, config, directory });

  async function open(name: string): Promise<Terminal> {
    const { path, name: found } = await call('domain.console', { domain: name });
    return openTerminal(path, found);
  }

  return {
    xend,
    paths,
    directory,
    call,
    async create(spec, paused = false) {
      const place = { pool: spec.backends === undefined ? pool : ('dedicated' as const) };
      const text = vmText({ ...place, ...spec });
      const { domains } = await call('domain.create', { text, file: `${spec.name}.sxp`, directory, paused });
      return domains[0]!;
    },
    info: async (name) => (await call('domain.list', {})).find((domain) => domain.name === name),
    open,
    async shell(name) {
      const terminal = await open(name);
      await terminal.readUntil(`${name}# `);
      return terminal;
    },
    attach,
    attachDisk: (domain, file, dev, mode, backend) =>
      attach(domain, 'vbd', {
        uname: `file:${file}`,
        dev,
        ...(mode === undefined ? {} : { mode }),
        ...(backend === undefined ? {} : { backend }),
      }),
    detachDisk: (domain, device) => call('device.detach', { domain, class: 'vbd', device }),
    file(name, content) {
      const path = join(directory, name);
      writeFileSync(path, content);
      return path;
    },
    async [Symbol.asyncDispose]() {
      await xend.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
