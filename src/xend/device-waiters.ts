// SPDX-License-Identifier: Apache-2.0

/** Who waits for a device to connect. */
export interface DeviceWaiters {
  /**
   * @param limit milliseconds
   * @param late makes the error after them
   */
  wait(limit: number, late: () => Error): Promise<void>;
  /** It is connected. */
  resolve(): void;
  reject(error: Error): void;
}

export function createDeviceWaiters(): DeviceWaiters {
  const waiting = new Set<PromiseWithResolvers<void>>();

  function settle(how: (waiter: PromiseWithResolvers<void>) => void): void {
    for (const waiter of waiting) how(waiter);
    waiting.clear();
  }

  return {
    wait(limit, late) {
      const waiter = Promise.withResolvers<void>();
      waiting.add(waiter);
      const timer = setTimeout(() => {
        waiting.delete(waiter);
        waiter.reject(late());
      }, limit);
      return waiter.promise.finally(() => clearTimeout(timer));
    },
    resolve: () => settle((waiter) => waiter.resolve()),
    reject: (error) => settle((waiter) => waiter.reject(error)),
  };
}
