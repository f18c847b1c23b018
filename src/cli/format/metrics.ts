// SPDX-License-Identifier: Apache-2.0
/** `xm metrics`: the same text that collectors get. */
export { formatMetrics } from '../../xend/openmetrics.ts';
