/**
 * Which pages have ended: each holds a Web Lock as long as it lives, and the browser lets go of it however it ends.
 *
 * Where there are no Web Locks (a page without https) a page is taken for ended at once. Then the events of another tab
 * may be sent twice; their ids are the same, so they count once.
 */
export class Leases {
  private release: (() => void) | undefined;

  constructor(private readonly prefix: string) {}

  /** Holds this page's lock until `end`. */
  begin(page: string): void {
    void this.locks()
      ?.request(this.prefix + page, () => new Promise<void>((release) => (this.release = release)))
      .catch(() => undefined);
  }

  /** Lets go: a page that is held back in the browser's cache must not hold a lock, or it is not kept there. */
  end(): void {
    this.release?.();
    this.release = undefined;
  }

  /** Calls back when the page has ended, with its lock held, so that no other page is called back at the same time. */
  ifEnded(page: string, callback: () => void): void {
    const locks = this.locks();
    if (!locks) {
      callback();
      return;
    }
    void locks
      .request(this.prefix + page, { ifAvailable: true }, (lock) => {
        if (lock) callback();
      })
      .catch(() => undefined);
  }

  private locks(): LockManager | undefined {
    return navigator.locks as LockManager | undefined;
  }
}
