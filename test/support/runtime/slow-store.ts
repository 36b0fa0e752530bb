/** What goes wrong in a context store. */
export interface StoreFaults {
  /** Error message of every write. Default: writes succeed. */
  failure?: string | undefined;
  /** Keys whose reads are never answered. */
  lostReads?: RegExp;
  /** Keys whose writes are never answered. */
  lostWrites?: RegExp;
  /** Called when a write begins. */
  onWrite?: (key: string) => void;
  /** Milliseconds that a write takes. Default: 5. */
  writeMs?: number;
}

/** Creates a context store that takes a while, like a database, and may lose what it is asked. */
export function createSlowStore(data: Map<string, string>, faults: StoreFaults = {}): () => object {
  const { failure, lostReads, lostWrites, onWrite, writeMs = 5 } = faults;
  const delay = (step: () => void, milliseconds = 5) => setTimeout(step, milliseconds);
  return () => ({
    open: () => Promise.resolve(),
    close: () => Promise.resolve(),
    get: (_scope: string, key: string, callback: (error: unknown, value?: unknown) => void) => {
      if (lostReads?.test(key)) return;
      delay(() => callback(null, data.has(key) ? JSON.parse(data.get(key)!) : undefined));
    },
    set: (_scope: string, key: string, value: unknown, callback: (error?: unknown) => void) => {
      onWrite?.(key);
      if (lostWrites?.test(key)) return;
      delay(() => {
        if (!failure && value === undefined) data.delete(key);
        else if (!failure) data.set(key, JSON.stringify(value));
        callback(failure ? new Error(failure) : null);
      }, writeMs);
    },
    keys: (_scope: string, callback: (error: unknown, keys: string[]) => void) =>
      callback(null, [...data.keys()]),
    delete: () => Promise.resolve(),
    clean: () => Promise.resolve(),
  });
}
