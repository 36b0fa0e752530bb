import type { Message } from "../../../src/node-red/red/api.js";

/** How long a test waits for a message at most. It comes in milliseconds, unless the machine has other things to do. */
const PATIENCE = 15_000;

/** What has arrived somewhere, with ways to wait for more. */
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

  /** Waits until `happened` holds of what is here. */
  waitUntil(happened: (messages: T[]) => boolean, what = "the expected messages"): Promise<T[]> {
    if (happened(this.messages)) return Promise.resolve(this.messages);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.watchers.delete(look);
        reject(new Error(`Waited in vain for ${what}; ${this.size} are here: ${shorten(this.messages)}`));
      }, PATIENCE);
      const look = () => {
        if (!happened(this.messages)) return;
        clearTimeout(timer);
        this.watchers.delete(look);
        resolve(this.messages);
      };
      this.watchers.add(look);
    });
  }

  waitForCount(count: number): Promise<T[]> {
    return this.waitUntil((messages) => messages.length >= count, `${count} messages`);
  }
}

/** The messages of one stream each, in order of their beginning. */
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

/** Waits for so many streams to end. @returns their last messages */
export async function waitForEnds(inbox: Inbox, count = 1): Promise<Message[]> {
  const last = (messages: Message[]) => messages.filter((message) => message.complete === true);
  return last(await inbox.waitUntil((messages) => last(messages).length >= count, `${count} last messages`));
}

/** Waits for one stream to end. @returns its last message */
export async function waitForEnd(inbox: Inbox): Promise<Message> {
  return (await waitForEnds(inbox, 1))[0]!;
}

export function joinPayloads(messages: readonly Message[]): string {
  return messages.map(({ payload }) => payload).join("");
}

function shorten(messages: readonly unknown[]): string {
  return JSON.stringify(messages, (key, value) => (key === "req" || key === "res" ? "…" : value))?.slice(
    0,
    2000,
  );
}
