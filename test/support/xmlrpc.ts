// SPDX-License-Identifier: Apache-2.0
import type { XmlRpcValue } from '../../src/xend/xmlrpc/contract.ts';
import { decodeCall } from '../../src/xend/xmlrpc/decode.ts';

/** A call with parameters that are written out, each without its `<value>`. */
export function xmlCall(method: string, ...values: readonly string[]): string {
  const params = values.map((value) => `<param><value>${value}</value></param>`).join('');
  return `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${params}</params></methodCall>`;
}

/** Reads what stands in a `<value>`. */
export function decodeValue(xml: string): XmlRpcValue | undefined {
  return decodeCall(xmlCall('m', xml)).params[0];
}
