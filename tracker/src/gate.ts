/** A store that keeps nothing beyond the page until it is opened, and hands over then what it has gathered. */

import { MemoryStore, type Store } from "./storage";

export class Gate implements Store {
  private current: Store = new MemoryStore();

  /** @param beyond - where things go once it is open; null: it never keeps anything beyond the page. */
  constructor(private readonly beyond: Store | null) {}

  get lasting(): boolean {
    return this.current.lasting;
  }

  /** What is there already wins over what this page made up: the visitor was here before. */
  open(): void {
    if (!this.beyond || this.current === this.beyond) return;
    const gathered = this.current;
    this.current = this.beyond;
    for (const key of gathered.keys("")) {
      if (this.beyond.get(key) === null) this.beyond.set(key, gathered.get(key)!);
    }
  }

  /** Keeps nothing beyond the page any more, and erases what was kept under a prefix, here and beyond. */
  close(prefix: string): void {
    for (const store of [this.current, this.beyond]) {
      for (const key of store?.keys(prefix) ?? []) store?.remove(key);
    }
    if (this.current === this.beyond) this.current = new MemoryStore();
  }

  get(key: string): string | null {
    return this.current.get(key);
  }

  set(key: string, value: string): boolean {
    return this.current.set(key, value);
  }

  remove(key: string): void {
    this.current.remove(key);
  }

  keys(prefix: string): string[] {
    return this.current.keys(prefix);
  }
}
