/** The callbacks of each signal, and the one event listener that calls them. */
const listeners = new WeakMap<AbortSignal, { callbacks: Set<() => void>; listener: () => void }>();

/**
 * Calls back when a signal aborts. All callbacks of a signal share one event listener, because Node.js warns of a leak
 * if a signal has more than ten. The listener is removed with the last callback.
 * @returns a function that removes the callback; it may be called more than once
 */
export function addAbortListener(signal: AbortSignal, callback: () => void): () => void {
  const callbacks = getCallbacks(signal);
  callbacks.add(callback);
  return () => {
    callbacks.delete(callback);
    const entry = listeners.get(signal);
    if (callbacks.size > 0 || entry?.callbacks !== callbacks) return;
    listeners.delete(signal);
    signal.removeEventListener("abort", entry.listener);
  };
}

function getCallbacks(signal: AbortSignal): Set<() => void> {
  const known = listeners.get(signal);
  if (known) return known.callbacks;
  const callbacks = new Set<() => void>();
  const listener = () => {
    listeners.delete(signal);
    for (const callback of [...callbacks]) callback();
  };
  listeners.set(signal, { callbacks, listener });
  signal.addEventListener("abort", listener, { once: true });
  return callbacks;
}
