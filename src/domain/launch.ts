// SPDX-License-Identifier: Apache-2.0
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { getSystemErrorMessage } from 'node:util';
import { type MessagePort, Worker, type WorkerOptions } from 'node:worker_threads';
import { XmError } from '../errors.ts';
import { threadModule, threadRoot } from '../thread-modules.ts';
import type { DomainData, DomainDoors } from './boot.ts';
import { explainModule } from './kernel-module.ts';

/** A kernel, found and read. */
export interface KernelImage {
  /** Absent for a domain without kernel, such as Domain-0. */
  readonly url: string;
  /** Text of a TypeScript kernel with its types erased. */
  readonly source: string | undefined;
  /** A kernel of this project needs no sandbox hooks, but gets the same world. */
  readonly builtin: boolean;
}

/** A domain that is to be launched. */
export interface DomainSpec extends DomainData {
  readonly kernel: KernelImage | undefined;
}

/** How a domain's life in its thread ended. */
export interface ThreadEnd {
  readonly exitCode: number;
  /** The error that ended it, if one did. */
  readonly error: Error | undefined;
}

/** A running domain. */
export interface DomainThread {
  /** Where it runs. */
  readonly worker: Worker;
  /** Whether others run there too. */
  readonly shared: boolean;
  /** Resolves when it is gone, with all its requests to the system finished. */
  readonly ended: Promise<ThreadEnd>;
  /** Ends it at once; resolves when it is gone. */
  kill(): Promise<unknown>;
}

/** Node looks for the kind of our modules there. */
const manifests = ['../package.json', '../../package.json'].map((path) => new URL(path, threadRoot));
const ownPaths = [threadRoot, ...manifests];

/** Built-in kernels by name. */
const BUILTIN: Readonly<Record<string, string>> = {
  shell: 'domain/kernels/shell/index',
  idle: 'domain/kernels/idle',
};

/**
 * Finds the file of a module. Links are followed here, as Node will do.
 *
 * @param what it is, for the error
 * @throws XmError `code` when there is no such file, or it cannot be reached
 */
export function findModule(path: string, what: string, code: string): string {
  let why = '';
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isFile()) return realpathSync(path);
  } catch (error) {
    why = `: ${getSystemErrorMessage((error as NodeJS.ErrnoException).errno!)}`;
  }
  throw new XmError(code, `Cannot find ${what} "${path}"${why}`);
}

/**
 * Finds a kernel: a built-in one by name (`shell`, `builtin:shell`), or a module by absolute path.
 *
 * @throws XmError `ENOKERNEL` when there is no such file or it cannot be read as a module
 */
export function loadKernel(kernel: string): KernelImage {
  const builtin = BUILTIN[kernel.replace(/^builtin:/, '')];
  if (builtin !== undefined) return { url: threadModule(builtin).href, source: undefined, builtin: true };
  if (kernel.startsWith('builtin:')) throw new XmError('ENOKERNEL', `Cannot find kernel "${kernel}"`);
  const url = pathToFileURL(findModule(kernel, 'kernel', 'ENOKERNEL')).href;
  if (!/\.[mc]?ts$/.test(kernel)) return { url, source: undefined, builtin: false };
  try {
    return {
      url,
      source: stripTypeScriptTypes(readFileSync(kernel, 'utf8'), { sourceUrl: kernel }),
      builtin: false,
    };
  } catch (error) {
    throw new XmError('ENOKERNEL', `Cannot load kernel "${kernel}": ${explainModule(error, kernel)}`, { cause: error });
  }
}

/**
 * Starts a thread that is the domain's own. It reports over its control line; see `boot.ts`.
 *
 * @param heapMB V8's limit of the JavaScript heap
 */
export function launchDomain(
  { kernel, ...domain }: DomainSpec,
  doors: DomainDoors<MessagePort>,
  heapMB: number,
): DomainThread {
  // Serving back ends needs files and sockets: such a domain is not confined.
  const confined = domain.backs.length === 0;
  const readable = readablePaths({ kernel, ...domain });
  const data: ThreadData = { domain, doors, kernel, readable: confined ? readable : undefined };
  const worker = startWorker('domain/thread', domain.name, confined ? readable : undefined, heapMB, {
    workerData: data,
    transferList: Object.values(doors),
  });
  return { worker, shared: false, ended: endOf(worker), kill: () => worker.terminate() };
}

/** Threads started so far. */
let started = 0;

/**
 * Starts a thread of this project.
 *
 * @param readable what it may read, if it is confined
 */
export function startWorker(
  entry: string,
  name: string,
  readable: readonly string[] | undefined,
  heapMB: number,
  options: WorkerOptions,
): Worker {
  const confined = readable !== undefined;
  started += 1;
  const worker = new Worker(threadModule(entry), {
    ...options,
    // Found among the threads of the process by what the operating system keeps of it.
    name: `${started}/${name}`,
    env: {},
    argv: [],
    stdin: false,
    stdout: true,
    stderr: true,
    trackUnmanagedFds: confined,
    // Node lets a thread read the whole working directory in place of an entry script, unless there is a text to evaluate.
    execArgv: confined ? ['--eval=0', '--permission', ...readable.map((path) => `--allow-fs-read=${path}`)] : [],
    resourceLimits: {
      maxOldGenerationSizeMb: heapMB,
      maxYoungGenerationSizeMb: 4,
      codeRangeSizeMb: 16,
      stackSizeMb: 2,
    },
  });
  // Not shown anywhere: kernels write to their console. Unread, the pipes would fill.
  worker.stdout.resume();
  worker.stderr.resume();
  return worker;
}

/** How a thread ends, when it has. */
export function endOf(worker: Worker): Promise<ThreadEnd> {
  // Of one that has ended they are not known.
  const { maxOldGenerationSizeMb: heap } = worker.resourceLimits ?? {};
  let error: Error | undefined;
  worker.on('error', (thrown: unknown) => {
    if (Object(thrown).code === 'ERR_WORKER_OUT_OF_MEMORY') error = new Error(`out of memory: ${heap} MB of heap`);
    else error = thrown instanceof Error ? thrown : new Error(String(thrown));
  });
  return new Promise((resolve) => {
    worker.once('exit', (exitCode) => resolve({ exitCode, error }));
  });
}

/** What `workerData` holds for a domain's own thread. */
export interface ThreadData {
  readonly domain: DomainData;
  readonly doors: DomainDoors<MessagePort>;
  readonly kernel: KernelImage | undefined;
  /** What it may read, files and, ending in a slash, directories; absent for a domain that is not confined. */
  readonly readable: readonly string[] | undefined;
}

/** What a domain may read: our own modules, and the directories of the kernel and of the front ends. */
export function readablePaths({ kernel, fronts }: Pick<DomainSpec, 'kernel' | 'fronts'>): readonly string[] {
  const modules = [...fronts.map(({ module }) => module), ...(kernel === undefined ? [] : [kernel.url])];
  return [...new Set([...ownPaths.map(String), ...modules.map((module) => new URL('./', module).href)])].map((url) =>
    fileURLToPath(url),
  );
}
