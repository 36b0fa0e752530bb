const listeners = new WeakMap<AbortSignal, { callbacks: Set<() => void>; listener: () => void }>();

/**
 * Calls back when the signal aborts. However many streams share a signal, it has one listener of ours, so that Node.js
 * does not warn of a leak where there is none; and none any more once nobody waits.
 * @returns takes the callback off again; does nothing the second time
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
