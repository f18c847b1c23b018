// SPDX-License-Identifier: Apache-2.0

/**
 * What XML-RPC carries: `nil`, `boolean`, `int` `i4` `i8` and `double` (a bigint where a number is not exact), `string`,
 * `dateTime.iso8601` (taken for UTC, as it says nothing), `base64`, `array`, `struct`.
 */
export type XmlRpcValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | readonly XmlRpcValue[]
  | { readonly [name: string]: XmlRpcValue };

/** A decoded `<methodCall>`. */
export interface XmlRpcCall {
  readonly method: string;
  readonly params: readonly XmlRpcValue[];
}

/** What a `<fault>` says. */
export interface XmlRpcFault {
  readonly faultCode: number;
  readonly faultString: string;
}
