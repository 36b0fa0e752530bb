import type { Message, NodeRed } from "./api.js";

/** Properties that the runtime shares between copies. Its copy takes them off the message for a moment. */
const SHARED: readonly string[] = ["req", "res"];

/**
 * Calls what has the runtime copy messages. If a copy fails, the runtime leaves the message without `req` and `res`, and
 * an HTTP request would never be answered: they are put back.
 * @throws what the call throws
 */
export function keepHttp(messages: readonly (Message | null)[], call: () => void): void {
  // Few messages come from an HTTP request, and each chunk passes here twice in each node.
  const kept = messages.some(isFromHttp)
    ? messages.map((message) => [message?.["req"], message?.["res"]])
    : [];
  try {
    call();
  } catch (thrown) {
    for (const [at, values] of kept.entries())
      for (const [nth, value] of values.entries())
        if (value !== undefined) messages[at]![SHARED[nth]!] = value;
    throw thrown;
  }
}

function isFromHttp(message: Message | null): boolean {
  return message?.["req"] !== undefined || message?.["res"] !== undefined;
}

/** Copies a message deeply. If the runtime cannot do that, the copy shares its values with the original. */
export function copyMessage(red: NodeRed, message: Message): Message {
  try {
    let copy: Message | undefined;
    keepHttp([message], () => {
      copy = red.util.cloneMessage(message);
    });
    return copy!;
  } catch {
    return copyReadable(message);
  }
}

/** Copies a message without the values that the runtime cannot copy, such as too deep ones. */
export function copyCopyable(red: NodeRed, message: Message): Message {
  return filterEntries(message, (name, value) => SHARED.includes(name) || red.util.cloneMessage({ value }));
}

/** Copies a message without the properties whose getter throws. The copy is shallow. */
export function copyReadable<T extends Message>(message: T): T {
  try {
    return { ...message };
  } catch {
    return filterEntries(message, () => {}) as T;
  }
}

/** Whether all properties of a message can be read, and the message and its place can be changed. */
export function isOrdinary(message: Message): boolean {
  if (Object.isFrozen(message) || Object.isFrozen(message.parts)) return false;
  try {
    for (const name in message) void message[name];
    return true;
  } catch {
    return false;
  }
}

/** @param test throws if a property is to be left out */
function filterEntries(message: Message, test: (name: string, value: unknown) => void): Message {
  const copy: Message = {};
  for (const name of Object.keys(message)) {
    try {
      const value = message[name];
      test(name, value);
      copy[name] = value;
    } catch {
      // Left out.
    }
  }
  return copy;
}
