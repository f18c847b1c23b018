// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import { viewsOf } from '../trace/memory.ts';
import { copyTrace } from '../trace/read.ts';
import type { XendContext } from './context.ts';
import type { TraceStatus, TraceTrackCopy } from './contract.ts';

/** Records of each domain unless said otherwise: 896 KiB, some seconds of what a busy disk does. */
const RECORDS = 16_384;
const LEAST = 16;
const MOST = 2 ** 20;

/** What can be told of whose records there are: a domain's name as it is now. */
function tracksOf({ hv, domains }: XendContext) {
  return hv.tracing.tracks().map((track) => ({ ...track, name: domains.get(track.domid)?.name ?? track.name }));
}

function status(context: XendContext): TraceStatus {
  const tracks = tracksOf(context).map(({ domid, name, gone }) => ({ domid, name, gone }));
  return { on: context.hv.tracing.records !== undefined, tracks };
}

/** @throws XmError `EINVAL` unless `records` is a whole number within limits; it is rounded up to a power of two */
export function startTrace(context: XendContext, { records = RECORDS }: { readonly records?: number }): TraceStatus {
  if (!Number.isSafeInteger(records) || records < LEAST || records > MOST) {
    throw new XmError('EINVAL', `A domain can have ${LEAST} to ${MOST} records, not ${records}`);
  }
  context.hv.tracing.start(2 ** Math.ceil(Math.log2(records)));
  return status(context);
}

export function stopTrace(context: XendContext): TraceStatus {
  context.hv.tracing.stop();
  return status(context);
}

/** Copies all that was recorded, while domains go on. @throws XmError `ENOTRACE` when nothing ever was */
export function dumpTrace(context: XendContext): readonly TraceTrackCopy[] {
  const tracks = tracksOf(context);
  if (tracks.length === 0) {
    throw new XmError('ENOTRACE', 'Nothing was recorded', { hint: "'xm trace start' has all domains record" });
  }
  return tracks.map(({ memory, ...track }) => {
    const { records } = viewsOf(memory);
    return { ...track, records, copy: Buffer.from(copyTrace(memory).buffer).toString('base64') };
  });
}
