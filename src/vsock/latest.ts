// SPDX-License-Identifier: Apache-2.0

/**
 * Makes something that is done when there is news: once at a time, and once more when there was news meanwhile.
 *
 * @param act looks at what is there now
 * @returns tells of news; resolves when what it told of has been looked at, and rejects as `act` does
 */
export function latest(act: () => Promise<void>): () => Promise<void> {
  let news = false;
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    try {
      while (news) {
        news = false;
        await act();
      }
    } finally {
      // In the same step in which it found no more: news that come later start anew.
      running = undefined;
    }
  }

  return () => {
    news = true;
    running ??= run();
    return running;
  };
}
