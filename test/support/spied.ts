// SPDX-License-Identifier: Apache-2.0

/** Everything of `object` that can be called, at any depth, calls `before` first. */
export function spied<T extends object>(object: T, before: () => void): T {
  return new Proxy(object, {
    get(target, key) {
      const value = Reflect.get(target, key) as unknown;
      if (typeof value === 'function') {
        return (...args: unknown[]) => {
          before();
          return Reflect.apply(value, target, args);
        };
      }
      return typeof value === 'object' && value !== null ? spied(value, before) : value;
    },
  });
}
