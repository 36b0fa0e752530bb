/**
 * Creates a context store that takes a while, like a database.
 * @param failure error message of every write; default: writes succeed
 */
export function createSlowStore(data: Map<string, string>, failure?: string): () => object {
  const delay = (step: () => void) => setTimeout(step, 5);
  return () => ({
    open: () => Promise.resolve(),
    close: () => Promise.resolve(),
    get: (_scope: string, key: string, callback: (error: unknown, value?: unknown) => void) =>
      delay(() => callback(null, data.has(key) ? JSON.parse(data.get(key)!) : undefined)),
    set: (_scope: string, key: string, value: unknown, callback: (error?: unknown) => void) =>
      delay(() => {
        if (!failure) data.set(key, JSON.stringify(value));
        callback(failure ? new Error(failure) : null);
      }),
    keys: (_scope: string, callback: (error: unknown, keys: string[]) => void) =>
      callback(null, [...data.keys()]),
    delete: () => Promise.resolve(),
    clean: () => Promise.resolve(),
  });
}
