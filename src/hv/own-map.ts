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

const WeakBase = WeakMap;
const weak = WeakMap.prototype;
const [weakGet, weakSet, weakDelete] = [weak.get, weak.set, weak.delete];

/** As {@link ownMap}, for what is to be found as long as its key exists. */
export function ownWeakMap<K extends WeakKey, V>(): WeakMap<K, V> {
  return defineProperties(new WeakBase<K, V>(), {
    get: { value: weakGet },
    set: { value: weakSet },
    delete: { value: weakDelete },
  });
}
