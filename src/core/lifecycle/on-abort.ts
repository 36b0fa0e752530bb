const waiting = new WeakMap<AbortSignal, { callbacks: Set<() => void>; listener: () => void }>();

/**
 * Calls back when the signal aborts. However many streams share a signal, it has one listener of ours, so that Node.js
 * does not warn of a leak where there is none; and none any more once nobody waits.
 * @returns takes the callback off again; does nothing the second time
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const callbacks = callbacksOf(signal);
  callbacks.add(callback);
  return () => {
    callbacks.delete(callback);
    const entry = waiting.get(signal);
    if (callbacks.size > 0 || entry?.callbacks !== callbacks) return;
    waiting.delete(signal);
    signal.removeEventListener("abort", entry.listener);
  };
}

function callbacksOf(signal: AbortSignal): Set<() => void> {
  const known = waiting.get(signal);
  if (known) return known.callbacks;
  const callbacks = new Set<() => void>();
  const listener = () => {
    waiting.delete(signal);
    for (const callback of [...callbacks]) callback();
  };
  waiting.set(signal, { callbacks, listener });
  signal.addEventListener("abort", listener, { once: true });
  return callbacks;
}
