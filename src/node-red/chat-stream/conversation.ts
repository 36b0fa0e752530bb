import type { ChatMessage } from "../../core/chat/chunk.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import type { Context, Message, RuntimeNode } from "../red/api.js";
import { copyAsJson } from "../red/plain-copy.js";

/** Where the history of a conversation lives; `none` and `key`: there is none, with `key` streams still have one. */
export type ConversationPlace = "none" | "key" | "msg" | "flow" | "global";

/** Under this name of the flow's or global context the conversations are kept, each under its key. */
const CONTEXT_NAME = "conversations";

/**
 * The last change that was begun of each conversation that is being changed, by the context that keeps it: several
 * nodes may share one.
 */
const runningChanges = new WeakMap<Context, Map<string, Promise<unknown>>>();

/** The history that goes before a prompt. What it gives is always a copy: nobody downstream can reach what is kept. */
export class ConversationStore {
  constructor(
    private readonly node: RuntimeNode,
    private readonly place: ConversationPlace,
    /** Turns to keep, a user's message and all up to the next being one; 0: all. */
    private readonly maxTurns: number,
  ) {}

  get keepsHistory(): boolean {
    return this.place !== "none" && this.place !== "key";
  }

  /** @throws Failure `invalid_request` where what is there is no list of messages, `configuration` where the store fails */
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
        "The conversation is not an array of chat messages. Reset it, or mend it.",
      );
    }
    return copyAsJson(value as ChatMessage[], "The conversation");
  }

  /**
   * Changes what is kept. Changes of one conversation follow one another: of two streams that end together, be they
   * of one node or of two, both leave their turn.
   * @param change gets the history as it is and gives the one to keep
   * @returns the history as it was kept
   * @throws Failure as `read`
   */
  update(
    key: string,
    message: Message,
    change: (history: ChatMessage[]) => ChatMessage[],
  ): Promise<ChatMessage[]> {
    return this.runInOrder(key, async () => {
      const kept = keepLastTurns(change(await this.read(key, message)), this.maxTurns);
      await this.save(key, copyAsJson(kept, "The conversation"));
      return kept;
    });
  }

  forget(key: string): Promise<void> {
    return this.runInOrder(key, () => this.save(key, undefined));
  }

  private async runInOrder<T>(key: string, change: () => Promise<T>): Promise<T> {
    const getContext = this.context();
    if (!getContext) return change();
    const running = runningChanges.get(getContext) ?? new Map<string, Promise<unknown>>();
    runningChanges.set(getContext, running);
    const before = running.get(key);
    const mine = before ? before.then(change, change) : change();
    running.set(key, mine);
    try {
      return await mine;
    } finally {
      if (running.get(key) === mine) running.delete(key);
    }
  }

  private load(key: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.context()!.get(toContextPath(key), (error, value) =>
        error ? reject(createStoreFailure(error)) : resolve(value),
      );
    });
  }

  private save(key: string, value: ChatMessage[] | undefined): Promise<void> {
    const context = this.context();
    if (!context) return Promise.resolve();
    return new Promise((resolve, reject) => {
      context.set(toContextPath(key), value, (error) =>
        error ? reject(createStoreFailure(error)) : resolve(),
      );
    });
  }

  private context(): Context | undefined {
    const context = this.node.context();
    return this.place === "flow" ? context.flow : this.place === "global" ? context.global : undefined;
  }
}

function createStoreFailure(error: unknown): Failure {
  const reason = error instanceof Error ? error.message : String(error);
  return new Failure("configuration", `The context store of the conversation failed: ${reason}`);
}

/**
 * Where a conversation lies in the context. A key may be any text, a topic with slashes or a person's name. It is
 * quoted; what Node-RED's property expressions cannot quote is percent-encoded, so that two keys never meet in one
 * conversation, and the empty key, which cannot be quoted either, gets a name that no other key can have.
 */
function toContextPath(key: string): string {
  // A name that every object has, `constructor`, would find that instead of a conversation.
  const quoted = key in Object.prototype ? percentEncode(key, /^./) : percentEncode(key, /["\\[\]%]/g);
  return `${CONTEXT_NAME}["${quoted || "%none"}"]`;
}

function percentEncode(key: string, pattern: RegExp): string {
  return key.replace(pattern, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** The last turns, from a user's message on; a tool's result never stands without the call before it. */
export function keepLastTurns(history: readonly ChatMessage[], most: number): ChatMessage[] {
  if (most <= 0) return [...history];
  const starts = history.flatMap(({ role }, at) => (role === "user" ? [at] : []));
  const from = starts.at(-most);
  return starts.length <= most || from === undefined ? [...history] : history.slice(from);
}
