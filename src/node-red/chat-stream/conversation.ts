import type { ChatMessage } from "../../core/chat/chunk.js";
import { Failure, readReason } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import type { Context, Message, RuntimeNode } from "../red/api.js";
import { copyAsJson } from "../red/plain-copy.js";

/**
 * Where the history of a conversation is kept. `none` and `key` keep no history; with `key` the node still has
 * a key for each conversation, which control messages and `whenBusy` use.
 */
export type ConversationPlace = "none" | "key" | "msg" | "flow" | "global";

/** Name in the flow or global context that holds all conversations, each under its key. */
const CONTEXT_NAME = "conversations";

/**
 * The newest running change of each conversation, by context and key. Several nodes may share a context, so this is not
 * part of a store.
 */
const runningChanges = new WeakMap<Context, Map<string, Promise<unknown>>>();

/** Reads and changes the history of conversations. Returns copies only, so that no flow can change what is stored. */
export class ConversationStore {
  constructor(
    private readonly node: RuntimeNode,
    private readonly place: ConversationPlace,
    /** Turns to keep; 0: all. A turn is a user message and everything up to the next one. */
    private readonly maxTurns: number,
  ) {}

  /** Whether the node keeps a history at all. */
  get keepsHistory(): boolean {
    return this.place !== "none" && this.place !== "key";
  }

  /**
   * Reads the history.
   * @throws Failure `invalid_request` if the stored value is not an array of chat messages, `configuration` if the
   *   context store fails
   */
  async read(key: string, message: Message): Promise<ChatMessage[]> {
    if (!this.keepsHistory) return [];
    const value = this.place === "msg" ? message.conversation : await this.load(key);
    if (value === undefined || value === null) return [];
    if (
      !Array.isArray(value) ||
      !value.every((entry) => isObject(entry) && typeof entry["role"] === "string")
    ) {
      throw new Failure(
        "invalid_request",
        "The stored conversation is not an array of chat messages. Correct it, or send msg.reset.",
      );
    }
    return copyAsJson(value as ChatMessage[], "The conversation");
  }

  /**
   * Changes the history. Changes of one conversation run one after the other, so that two streams that end together
   * both add their turn, even in different nodes.
   * @param change returns the new history
   * @returns the history as it was stored
   * @throws Failure as `read` does
   */
  update(
    key: string,
    message: Message,
    change: (history: ChatMessage[]) => ChatMessage[],
  ): Promise<ChatMessage[]> {
    return this.runInOrder(key, async () => {
      const history = keepLastTurns(change(await this.read(key, message)), this.maxTurns);
      await this.save(key, copyAsJson(history, "The conversation"));
      return history;
    });
  }

  /** Deletes the history. */
  forget(key: string): Promise<void> {
    return this.runInOrder(key, () => this.save(key, undefined));
  }

  private async runInOrder<T>(key: string, change: () => Promise<T>): Promise<T> {
    const context = this.getContext();
    if (!context) return change();
    const running = runningChanges.get(context) ?? new Map<string, Promise<unknown>>();
    runningChanges.set(context, running);
    const previous = running.get(key);
    const current = previous ? previous.then(change, change) : change();
    running.set(key, current);
    try {
      return await current;
    } finally {
      if (running.get(key) === current) running.delete(key);
    }
  }

  private load(key: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.getContext()!.get(toContextPath(key), (error, value) =>
        error ? reject(createStoreFailure(error)) : resolve(value),
      );
    });
  }

  private save(key: string, value: ChatMessage[] | undefined): Promise<void> {
    const context = this.getContext();
    if (!context) return Promise.resolve();
    return new Promise((resolve, reject) => {
      context.set(toContextPath(key), value, (error) =>
        error ? reject(createStoreFailure(error)) : resolve(),
      );
    });
  }

  private getContext(): Context | undefined {
    const context = this.node.context();
    return this.place === "flow" ? context.flow : this.place === "global" ? context.global : undefined;
  }
}

function createStoreFailure(error: unknown): Failure {
  return new Failure(
    "configuration",
    `The context store of the conversation failed: ${readReason(error)}. Check contextStorage in the settings of Node-RED.`,
  );
}

/**
 * Builds the property expression of a conversation in the context. A key may be any text, such as a topic with slashes
 * or a person's name, and is quoted. Characters that Node-RED cannot quote are percent-encoded, so two keys never share
 * a conversation. The empty key cannot be quoted and becomes `%none`, which no other key can become.
 */
function toContextPath(key: string): string {
  // Names that every object has, such as `constructor`, would find that member instead of a conversation.
  const quoted = key in Object.prototype ? percentEncode(key, /^./) : percentEncode(key, /["\\[\]%]/g);
  return `${CONTEXT_NAME}["${quoted || "%none"}"]`;
}

function percentEncode(key: string, pattern: RegExp): string {
  return key.replace(pattern, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/**
 * Keeps the last turns. Cuts before a user message only, so a tool's result is never kept without its call.
 * @param maxTurns 0: all
 */
function keepLastTurns(history: readonly ChatMessage[], maxTurns: number): ChatMessage[] {
  if (maxTurns <= 0) return [...history];
  const starts = history.flatMap(({ role }, index) => (role === "user" ? [index] : []));
  const from = starts.at(-maxTurns);
  return starts.length <= maxTurns || from === undefined ? [...history] : history.slice(from);
}
