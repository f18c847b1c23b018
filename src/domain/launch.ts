// SPDX-License-Identifier: Apache-2.0
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type MessagePort, Worker } from 'node:worker_threads';
import { XmError } from '../errors.ts';
import type { DomainDoor } from '../hv/hypervisor.ts';
import { explainKernel } from './kernel-module.ts';

/** A class and the URL of one of its modules. */
export interface ClassModule {
  readonly name: string;
  readonly module: string;
}

/** A kernel, found and read. */
export interface KernelImage {
  /** Absent for a domain without kernel, such as Domain-0. */
  readonly url: string;
  /** Text of a TypeScript kernel with its types erased. */
  readonly source: string | undefined;
  /** A kernel of this project needs no sandbox hooks, but gets the same world. */
  readonly builtin: boolean;
}

/** All that a domain's thread needs to boot. */
export interface DomainSpec {
  readonly name: string;
  readonly door: DomainDoor;
  readonly store: MessagePort;
  readonly control: MessagePort;
  readonly kernel: KernelImage | undefined;
  readonly args: string;
  /** V8's limit of the JavaScript heap, MB. */
  readonly heapMB: number;
  readonly fronts: readonly ClassModule[];
  /** Serving back ends needs files and sockets: such a domain is not confined. */
  readonly backs: readonly ClassModule[];
  readonly runDir: string;
  /** Addresses that the domain was given. */
  readonly addresses: readonly string[];
}

/** How a thread ended. */
export interface ThreadEnd {
  readonly exitCode: number;
  /** The error that ended it, if one did. */
  readonly error: Error | undefined;
}

/** A running domain thread. */
export interface DomainThread {
  readonly worker: Worker;
  /** Resolves when the thread is gone, with all its requests to the system finished. */
  readonly ended: Promise<ThreadEnd>;
  /** Ends it at once, whatever it does. */
  kill(): Promise<unknown>;
}

const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const sourceRoot = new URL('../', import.meta.url);

/** Built-in kernels by name. */
const BUILTIN: Readonly<Record<string, string>> = {
  shell: `./kernels/shell/index${extension}`,
  idle: `./kernels/idle${extension}`,
};

/**
 * Finds a kernel: a built-in one by name (`shell`, `builtin:shell`), or a module by absolute path.
 *
 * @throws XmError `ENOKERNEL` when there is no such file or it cannot be read as a module
 */
export function loadKernel(kernel: string): KernelImage {
  const builtin = BUILTIN[kernel.replace(/^builtin:/, '')];
  if (builtin !== undefined) return { url: new URL(builtin, import.meta.url).href, source: undefined, builtin: true };
  if (kernel.startsWith('builtin:') || !statSync(kernel, { throwIfNoEntry: false })?.isFile()) {
    throw new XmError('ENOKERNEL', `Cannot find kernel "${kernel}"`);
  }
  // Links are followed here, as Node will do.
  const url = pathToFileURL(realpathSync(kernel)).href;
  if (!/\.[mc]?ts$/.test(kernel)) return { url, source: undefined, builtin: false };
  try {
    return {
      url,
      source: stripTypeScriptTypes(readFileSync(kernel, 'utf8'), { sourceUrl: kernel }),
      builtin: false,
    };
  } catch (error) {
    throw new XmError('ENOKERNEL', `Cannot load kernel "${kernel}": ${explainKernel(error, kernel)}`, { cause: error });
  }
}

/** Starts a domain's thread. It reports over its control channel; see `boot.ts`. */
export function launchDomain(spec: DomainSpec): DomainThread {
  const { door, store, control, kernel } = spec;
  const confined = spec.backs.length === 0;
  const readable = readablePaths(spec);
  const worker = new Worker(new URL(`./thread${extension}`, import.meta.url), {
    name: spec.name,
    env: {},
    argv: [],
    stdin: false,
    stdout: true,
    stderr: true,
    trackUnmanagedFds: confined,
    // Node lets a thread read the whole working directory in place of an entry script, unless there is a text to evaluate.
    execArgv: confined ? ['--eval=0', '--permission', ...readable.map((path) => `--allow-fs-read=${path}`)] : [],
    resourceLimits: {
      maxOldGenerationSizeMb: spec.heapMB,
      maxYoungGenerationSizeMb: 4,
      codeRangeSizeMb: 16,
      stackSizeMb: 2,
    },
    workerData: {
      name: spec.name,
      door,
      store,
      control,
      kernel,
      args: spec.args,
      fronts: spec.fronts,
      backs: spec.backs,
      runDir: spec.runDir,
      addresses: spec.addresses,
      trusted: sourceRoot.href,
      publicModule: new URL(`index${extension}`, sourceRoot).href,
      readable,
      confined,
    } satisfies ThreadData,
    transferList: [door.port, store, control],
  });
  // Not shown anywhere: kernels write to their console. Unread, the pipes would fill.
  worker.stdout.resume();
  worker.stderr.resume();
  let error: Error | undefined;
  worker.on('error', (thrown: unknown) => {
    error = thrown instanceof Error ? thrown : new Error(String(thrown));
  });
  const ended = new Promise<ThreadEnd>((resolve) => {
    worker.once('exit', (exitCode) => resolve({ exitCode, error }));
  });
  return { worker, ended, kill: () => worker.terminate() };
}

/** What `workerData` holds. */
export interface ThreadData {
  readonly name: string;
  readonly door: DomainDoor;
  readonly store: MessagePort;
  readonly control: MessagePort;
  readonly kernel: KernelImage | undefined;
  readonly args: string;
  readonly fronts: readonly ClassModule[];
  readonly backs: readonly ClassModule[];
  readonly runDir: string;
  readonly addresses: readonly string[];
  readonly trusted: string;
  readonly publicModule: string;
  /** Files and, ending in a slash, directories. */
  readonly readable: readonly string[];
  readonly confined: boolean;
}

/** What a domain's thread may read: our own modules, and the directories of the kernel and of the front ends. */
function readablePaths({ kernel, fronts }: DomainSpec): readonly string[] {
  const own = [sourceRoot, new URL('../package.json', sourceRoot), new URL('../../package.json', sourceRoot)];
  const modules = [...fronts.map(({ module }) => module), ...(kernel === undefined ? [] : [kernel.url])];
  return [...new Set([...own.map(String), ...modules.map((module) => new URL('./', module).href)])].map((url) =>
    fileURLToPath(url),
  );
}
