import type { ChatMessage } from "../core/chunk.js";
import { Failure } from "../core/failure.js";
import { isObject } from "../core/json.js";
import type { Context, Message, RuntimeNode } from "./red.js";

/** Where the history of a conversation lives; `none`: there is none. */
export type ConversationPlace = "none" | "msg" | "flow" | "global";

/** Under this name of the flow's or global context the conversations are kept, each under its key. */
const CONTEXT_NAME = "conversations";

/** The history that goes before a prompt. */
export class ConversationStore {
  constructor(
    private readonly node: RuntimeNode,
    private readonly place: ConversationPlace,
    /** Turns to keep, a user's message and all up to the next being one; 0: all. */
    private readonly maxTurns: number,
  ) {}

  get active(): boolean {
    return this.place !== "none";
  }

  /** @throws Failure `invalid_request` where `msg.conversation` is no list of messages */
  async read(key: string, message: Message): Promise<ChatMessage[]> {
    if (this.place === "none") return [];
    const value = this.place === "msg" ? message.conversation : await this.stored(key);
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
    return [...(value as ChatMessage[])];
  }

  /** Keeps a history and gives it back as it was kept. */
  async write(key: string, history: readonly ChatMessage[]): Promise<ChatMessage[]> {
    const kept = lastTurns(history, this.maxTurns);
    const context = this.context();
    if (context)
      await new Promise<void>((resolve, reject) => {
        context.set(path(key), kept, (error) => (error ? reject(error) : resolve()));
      });
    return kept;
  }

  async forget(key: string): Promise<void> {
    const context = this.context();
    if (context) await new Promise<void>((resolve) => context.set(path(key), undefined, () => resolve()));
  }

  private stored(key: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.context()!.get(path(key), (error, value) => (error ? reject(error) : resolve(value)));
    });
  }

  private context(): Context | undefined {
    const context = this.node.context();
    return this.place === "flow" ? context.flow : this.place === "global" ? context.global : undefined;
  }
}

/** A key may be any text, a topic with slashes or a person's name: it is quoted, and cannot reach another variable. */
function path(key: string): string {
  return `${CONTEXT_NAME}["${key.replace(/["\\[\]]/g, "_")}"]`;
}

/** The last turns, from a user's message on; a tool's result never stands without the call before it. */
export function lastTurns(history: readonly ChatMessage[], most: number): ChatMessage[] {
  if (most <= 0) return [...history];
  const starts = history.flatMap(({ role }, at) => (role === "user" ? [at] : []));
  const from = starts.at(-most);
  return starts.length <= most || from === undefined ? [...history] : history.slice(from);
}
