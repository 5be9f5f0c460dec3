/** Where the tracker keeps things between pages: the browser's localStorage, or this page's memory. */

export interface Store {
  /** Whether what is set outlives the page. */
  readonly lasting: boolean;
  get(key: string): string | null;
  /** False: it was not kept (the storage is full, or switched off). */
  set(key: string, value: string): boolean;
  remove(key: string): void;
  keys(prefix: string): string[];
}

/** Holds until the page ends. */
export class MemoryStore implements Store {
  readonly lasting = false;
  private readonly held = new Map<string, string>();

  get(key: string): string | null {
    return this.held.get(key) ?? null;
  }

  set(key: string, value: string): boolean {
    this.held.set(key, value);
    return true;
  }

  remove(key: string): void {
    this.held.delete(key);
  }

  keys(prefix: string): string[] {
    return [...this.held.keys()].filter((key) => key.startsWith(prefix));
  }
}

/** localStorage, every access of which may throw: by setting, by quota, in a sandboxed frame. */
export class LocalStore implements Store {
  readonly lasting = true;

  constructor(private readonly storage: Storage) {}

  get(key: string): string | null {
    try {
      return this.storage.getItem(key);
    } catch {
      return null;
    }
  }

  set(key: string, value: string): boolean {
    try {
      this.storage.setItem(key, value);
      return true;
    } catch {
      return false;
    }
  }

  remove(key: string): void {
    try {
      this.storage.removeItem(key);
    } catch {
      // It was not kept in the first place.
    }
  }

  keys(prefix: string): string[] {
    const found: string[] = [];
    try {
      for (let index = 0; index < this.storage.length; index++) {
        const key = this.storage.key(index);
        if (key?.startsWith(prefix)) found.push(key);
      }
    } catch {
      // Then there is nothing to find.
    }
    return found;
  }
}

/** localStorage where it works, else memory. */
export function lastingStore(): Store {
  try {
    const store = new LocalStore(window.localStorage);
    if (store.set("cs:probe", "1")) {
      store.remove("cs:probe");
      return store;
    }
  } catch {
    // Reading the property is what throws where storage is switched off.
  }
  return new MemoryStore();
}
