import type { Message } from "../../../src/node-red/red/api.js";
import { MAX_WAIT_MS } from "../waiting.js";

/** Collects messages, and lets a test wait for more of them. */
export class Inbox<T = Message> {
  readonly messages: T[] = [];
  private readonly watchers = new Set<() => void>();

  readonly push = (message: T): void => {
    this.messages.push(message);
    for (const watcher of [...this.watchers]) watcher();
  };

  get size(): number {
    return this.messages.length;
  }

  clear(): void {
    this.messages.length = 0;
  }

  /** Waits until the messages fulfil a condition. @throws if they do not in time; `expected` names them */
  waitUntil(condition: (messages: T[]) => boolean, expected = "the expected messages"): Promise<T[]> {
    if (condition(this.messages)) return Promise.resolve(this.messages);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.watchers.delete(check);
        reject(
          new Error(
            `Did not come in time: ${expected}. ${this.size} messages came: ${shorten(this.messages)}`,
          ),
        );
      }, MAX_WAIT_MS);
      const check = () => {
        if (!condition(this.messages)) return;
        clearTimeout(timer);
        this.watchers.delete(check);
        resolve(this.messages);
      };
      this.watchers.add(check);
    });
  }

  /** Waits until at least `count` messages are here. */
  waitForCount(count: number): Promise<T[]> {
    return this.waitUntil((messages) => messages.length >= count, `${count} messages`);
  }
}

/** Groups messages by their stream, in the order of the first messages. */
export function groupByStream(messages: readonly Message[]): Message[][] {
  const streams = new Map<string, Message[]>();
  for (const message of messages) {
    const id = message.parts?.id ?? "";
    const known = streams.get(id);
    if (known) known.push(message);
    else streams.set(id, [message]);
  }
  return [...streams.values()];
}

/** Drops the messages before the last reset, as a reader does. */
export function dropReset(messages: readonly Message[]): readonly Message[] {
  return messages.slice(messages.findLastIndex((message) => message["reset"] === true) + 1);
}

/** Waits until `count` streams have ended. @returns their last messages */
export async function waitForEnds(inbox: Inbox, count = 1): Promise<Message[]> {
  const filterLast = (messages: Message[]) => messages.filter((message) => message.complete === true);
  return filterLast(
    await inbox.waitUntil((messages) => filterLast(messages).length >= count, `${count} last messages`),
  );
}

/** Waits until a stream has ended. @returns its last message */
export async function waitForEnd(inbox: Inbox): Promise<Message> {
  return (await waitForEnds(inbox, 1))[0]!;
}

/** Joins the text of messages. */
export function joinPayloads(messages: readonly Message[]): string {
  return messages.map(({ payload }) => payload).join("");
}

function shorten(messages: readonly unknown[]): string {
  return JSON.stringify(messages, (key, value) => (key === "req" || key === "res" ? "…" : value))?.slice(
    0,
    2000,
  );
}
