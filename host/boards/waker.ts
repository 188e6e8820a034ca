// Sleeping that can be cut short. One sleeper at a time.

export class Waker {
  private end: (() => void) | undefined;

  /** Ends the sleep under way, if any. */
  wake(): void {
    this.end?.();
  }

  /** Returns after `ms`, or at a wake(), or at once when `until` holds already. */
  async sleep(ms: number, until: () => boolean): Promise<void> {
    if (until()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(finish, ms);
      function finish() {
        clearTimeout(timer);
        resolve();
      }
      this.end = finish;
    });
    this.end = undefined;
  }
}
