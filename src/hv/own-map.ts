// SPDX-License-Identifier: Apache-2.0

const Base = Map;
const { get, set, delete: remove, forEach } = Base.prototype;
const { defineProperties } = Object;

/**
 * A map whose methods are its own: a kernel that replaces those of all maps is not handed what is in here, the memory of other
 * domains above all. They are those from before any kernel ran; go through its entries with `forEach`, not by iterating.
 */
export function ownMap<K, V>(): Map<K, V> {
  return defineProperties(new Base<K, V>(), {
    get: { value: get },
    set: { value: set },
    delete: { value: remove },
    forEach: { value: forEach },
  });
}
