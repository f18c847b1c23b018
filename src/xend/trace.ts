// SPDX-License-Identifier: Apache-2.0
import { XmError } from '../errors.ts';
import type { Hypervisor } from '../hv/hypervisor.ts';
import { viewsOf } from '../trace/memory.ts';
import { copyTrace } from '../trace/read.ts';
import type { TraceStatus, TraceTrackCopy } from './contract.ts';

/** Records of each domain unless said otherwise: 896 KiB, some seconds of what a busy disk does. */
const RECORDS = 16_384;
const LEAST = 16;
const MOST = 2 ** 20;

function status({ tracing }: Hypervisor): TraceStatus {
  const tracks = tracing.tracks().map(({ domid, name, gone }) => ({ domid, name, gone }));
  return { on: tracing.records !== undefined, tracks };
}

/** @throws XmError `EINVAL` unless `records` is a whole number within limits; it is rounded up to a power of two */
export function startTrace(hv: Hypervisor, { records = RECORDS }: { readonly records?: number }): TraceStatus {
  if (!Number.isSafeInteger(records) || records < LEAST || records > MOST) {
    throw new XmError('EINVAL', `A domain can have ${LEAST} to ${MOST} records, not ${records}`);
  }
  hv.tracing.start(2 ** Math.ceil(Math.log2(records)));
  return status(hv);
}

export function stopTrace(hv: Hypervisor): TraceStatus {
  hv.tracing.stop();
  return status(hv);
}

/** Copies all that was recorded, while domains go on. @throws XmError `ENOTRACE` when nothing ever was */
export function dumpTrace({ tracing }: Hypervisor): readonly TraceTrackCopy[] {
  const tracks = tracing.tracks();
  if (tracks.length === 0) {
    throw new XmError('ENOTRACE', 'Nothing was recorded', { hint: "'xm trace start' has all domains record" });
  }
  return tracks.map(({ memory, ...track }) => {
    const { records } = viewsOf(memory);
    return { ...track, records, copy: Buffer.from(copyTrace(memory).buffer).toString('base64') };
  });
}
