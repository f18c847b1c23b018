// SPDX-License-Identifier: Apache-2.0
import { describeControl, layoutOf } from '../idc/layout.ts';
import { inspectRing } from '../ring/request-ring.ts';
import type { RingView } from './contract.ts';

/** The two rings of an IDC connection, from its control area; none if the memory is something else. */
export function inspectIdc(control: SharedArrayBuffer): readonly RingView[] {
  const quotas = describeControl(control);
  if (quotas === undefined) return [];
  const layout = layoutOf(quotas);
  return (['front', 'back'] as const).map((side) => {
    const { reqProd, reqCons, rspProd, rspCons, ...timing } = inspectRing(layout.ring(control, side));
    const direction = side === 'front' ? 'front>back' : 'back>front';
    const used = (reqProd - rspProd) >>> 0;
    return { direction, size: quotas.inFlight, used, reqProd, reqCons, rspProd, rspCons, timing };
  });
}
