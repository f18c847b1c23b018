// SPDX-License-Identifier: Apache-2.0
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { requireOwn } from '../directories.ts';
import { XmError } from '../errors.ts';
import { type ApiError, PROTOCOL, PROTOCOL_HEADER, type XendApi, type XendMethod } from './contract.ts';

/**
 * Client of xend's socket. It speaks the little of HTTP/1.0 that it needs itself: loading `node:http` costs more CPU time
 * (33 ms here) than everything else that a short command does together.
 */
export interface XendClient {
  /**
   * Calls a method and returns its result.
   *
   * @throws XmError what xend reports; `ENOXEND` when it does not run, `EXENDACCESS` when it cannot be reached,
   * `EDIRECTORY` when somebody else may be who listens, `EXENDDIED` when it hung up.
   */
  call<M extends XendMethod>(method: M, params: XendApi[M]['params']): Promise<XendApi[M]['result']>;
  /**
   * Lines of a stream such as `/log?lines=10`, without their newline, until xend closes it or the caller leaves the loop.
   *
   * @param signal ends it too, while the caller waits for a line
   * @throws XmError as {@link call} does.
   */
  follow(path: string, signal?: AbortSignal): AsyncIterable<string>;
}

/** What a client needs to know. */
export interface ClientOptions {
  /** Path of xend's unix socket. */
  readonly socket: string;
  /** Brings xend up when nothing answers on the socket, unless one has been reached: that it ended is not to be hidden. Absent: that is an error. */
  readonly start?: () => Promise<void>;
  /** Ends all connections, and with them what waits for an answer. */
  readonly signal?: AbortSignal;
  /** Told when xend's protocol number is not ours. The call goes on; xend refuses it if we could misunderstand each other. */
  readonly onMismatch?: (theirs: number, ours: number) => void;
}

/** An answer whose header has been read. */
interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** The body as it comes, ended by the end of the connection (HTTP/1.0). */
  readonly body: AsyncIterable<Buffer>;
  readonly close: () => void;
}

const HEADER_MAX = 16_384;
const HEADER_END = '\r\n\r\n';

/** Makes a client; nothing is connected before the first call, and each call has a connection of its own. */
export function createClient(options: ClientOptions): XendClient {
  let { start } = options;

  async function request(method: string, path: string, body: string): Promise<Answer> {
    const socket = await reach(options, start);
    start = undefined;
    const length = Buffer.byteLength(body);
    socket.write(
      `${method} ${path} HTTP/1.0\r\nHost: xend\r\n${PROTOCOL_HEADER}: ${PROTOCOL}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`,
    );
    const answer = await readHeader(socket);
    const theirs = Number(answer.headers.get(PROTOCOL_HEADER) ?? PROTOCOL);
    if (theirs !== PROTOCOL) options.onMismatch?.(theirs, PROTOCOL);
    if (answer.status !== 200) throw await failed(answer);
    return answer;
  }

  return {
    async call(method, params) {
      return parse(await readBody(await request('POST', `/api/${method}`, JSON.stringify(params))));
    },
    async *follow(path, signal) {
      const { body, close } = await request('GET', path, '');
      signal?.addEventListener('abort', close);
      try {
        yield* lines(body);
      } catch (error) {
        if (!signal?.aborted) throw error;
      } finally {
        close();
      }
    },
  };
}

/** Connects, and starts xend first when there is none and it may be started. */
async function reach({ socket, signal }: ClientOptions, start: ClientOptions['start']): Promise<Socket> {
  // Where others may write, somebody else may listen there.
  requireOwn(dirname(socket));
  try {
    return await open(socket, signal);
  } catch (error) {
    if (!start || !isAbsent(error)) throw unreachable(error, socket);
  }
  await start();
  return open(socket, signal).catch((error) => {
    throw unreachable(error, socket);
  });
}

/** Nobody listens there, as opposed to: somebody who may not be asked. */
function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ECONNREFUSED';
}

function open(path: string, signal: AbortSignal | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, ...(signal && { signal }) });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

async function readHeader(socket: Socket): Promise<Answer> {
  const chunks: AsyncIterator<Buffer> = socket[Symbol.asyncIterator]();
  let seen = Buffer.alloc(0);
  let end = -1;
  while (end < 0) {
    const next = await chunks.next().catch(hungUp);
    if (next.done || seen.length > HEADER_MAX) throw hungUp();
    seen = Buffer.concat([seen, next.value]);
    end = seen.indexOf(HEADER_END);
  }
  const [statusLine = '', ...fields] = seen.toString('latin1', 0, end).split('\r\n');
  const pair = (field: string) => {
    const cut = field.indexOf(':');
    return [field.slice(0, cut).toLowerCase(), field.slice(cut + 1).trim()] as const;
  };
  const rest = seen.subarray(end + HEADER_END.length);
  async function* body(): AsyncGenerator<Buffer> {
    yield rest;
    for (let next = await chunks.next().catch(hungUp); !next.done; next = await chunks.next().catch(hungUp)) {
      yield next.value;
    }
  }
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: new Map(fields.map(pair)),
    body: body(),
    close: () => socket.destroy(),
  };
}

async function readBody({ headers, body, close }: Answer): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  close();
  const whole = Buffer.concat(chunks);
  const promised = Number(headers.get('content-length') ?? whole.length);
  if (whole.length < promised) throw hungUp();
  return whole.toString('utf8');
}

async function* lines(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let open = '';
  for await (const chunk of body) {
    const parts = (open + decoder.decode(chunk, { stream: true })).split('\n');
    open = parts.pop() ?? '';
    yield* parts;
  }
  if (open !== '') yield open;
}

async function failed(answer: Answer): Promise<XmError> {
  const { error } = parse(await readBody(answer)) as { error?: ApiError };
  if (!error) return new XmError('EXENDDIED', `xend answered with status ${answer.status} and no reason.`);
  const { code, message, exit, hint } = error;
  return new XmError(code, message, { exit, ...(hint === undefined ? {} : { hint }) });
}

function parse(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    throw new XmError('EXENDDIED', 'xend answered with something that is not JSON.', {
      hint: 'is this socket really that of xend? XEND_RUNDIR says where it is looked for',
    });
  }
}

function hungUp(): never {
  throw new XmError('EXENDDIED', 'xend hung up in the middle of an answer. It has probably crashed!', {
    hint: 'xend-debug.log in the state directory says why',
  });
}

function unreachable(error: unknown, socket: string): XmError {
  const { errno, message } = error as NodeJS.ErrnoException;
  const reason = errno === undefined ? message : getSystemErrorMessage(errno);
  const text = `${reason[0]?.toUpperCase()}${reason.slice(1)}`;
  return new XmError(
    isAbsent(error) ? 'ENOXEND' : 'EXENDACCESS',
    `Unable to connect to xend: ${text}. Is xend running?`,
    {
      hint: `its socket is ${socket}; 'xm xend start' starts it`,
      cause: error,
    },
  );
}
