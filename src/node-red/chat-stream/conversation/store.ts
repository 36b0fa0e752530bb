import type { ChatMessage } from "../../../core/chat/chunk.js";
import type { Clock } from "../../../core/clock.js";
import { Failure } from "../../../core/failure.js";
import { isObject } from "../../../core/json/parse.js";
import type { Context, Message, RuntimeNode } from "../../red/api.js";
import { awaitStore, ContextValues } from "../../red/context-values.js";
import { copyAsJson } from "../../red/plain-copy.js";
import { CONTEXT_NAME, isQuotable, toContextPath, toName } from "./context-path.js";
import {
  type ConversationBounds,
  type ConversationTimes,
  findStale,
  hasExpired,
  noteUse,
  readTimes,
} from "./times.js";

/**
 * Where the history of a conversation is kept. `none` and `key` keep no history; with `key` the node still has
 * a key for each conversation, which control messages and `whenBusy` use.
 */
export type ConversationPlace = "none" | "key" | "msg" | "flow" | "global";

/** How conversations are kept. */
export interface ConversationOptions extends ConversationBounds {
  place: ConversationPlace;
  /** Turns to keep; 0: all. A turn is a user message and everything up to the next one. */
  maxTurns: number;
}

/** Name in the context that holds when each conversation was last used. */
const TIMES_NAME = "conversationTimes";

/** Conversations that are deleted together. After an update of this package there may be thousands too many. */
const MAX_FORGOTTEN_AT_ONCE = 100;

/** How often conversations are looked through for old ones. */
const MAX_FORGET_INTERVAL_MS = 60_000;

/**
 * The newest running change of each value, by context and path. Several nodes may share a context, so this is not part of a
 * store.
 */
const runningChanges = new WeakMap<Context, Map<string, Promise<unknown>>>();

/**
 * Reads and changes the history of conversations. Returns copies only, so that no flow can change what is stored. Everything
 * ends within some seconds, whatever the context store does.
 */
export class ConversationStore {
  private timer: unknown;
  /** Changes that are not over. */
  private readonly changes = new Set<Promise<unknown>>();

  constructor(
    private readonly node: RuntimeNode,
    private readonly options: ConversationOptions,
    private readonly clock: Clock,
  ) {
    this.armTimer();
  }

  /** Whether the node keeps a history at all. */
  get keepsHistory(): boolean {
    return this.options.place !== "none" && this.options.place !== "key";
  }

  /**
   * Reads the history; an empty one if it has expired.
   * @throws Failure `invalid_request` if the stored value is not an array of chat messages, `configuration` if the
   *   context store fails, or holds something else under the name of the conversations
   */
  async read(key: string, message: Message): Promise<ChatMessage[]> {
    if (!this.keepsHistory) return [];
    if (this.options.place !== "msg" && (await this.isExpired(key))) {
      await this.forget(key);
      return [];
    }
    return this.readStored(key, message);
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
    return this.runInOrder(toContextPath(key), "The conversation could not be stored", async (checkTime) => {
      const stored = await this.readStored(key, message);
      const history = keepLastTurns(change(stored), this.options.maxTurns);
      checkTime();
      await this.values()?.set(toContextPath(key), copyAsJson(history, "The conversation"));
      return history;
    });
  }

  /** Ends the forgetting. @returns settled once all changes are stored; undefined if nothing is being changed */
  close(): Promise<void> | undefined {
    this.clock.clearTimer(this.timer);
    this.timer = undefined;
    return this.changes.size > 0 ? this.awaitChanges() : undefined;
  }

  /** Deletes the history. */
  async forget(key: string): Promise<void> {
    await this.delete(toContextPath(key));
  }

  /**
   * Notes that a conversation is used now, and forgets those that have not been used for too long or are too many.
   * @param key undefined: only forgets
   */
  async keepBounds(key?: string): Promise<void> {
    const values = this.values();
    if (!values) return;
    const stale = await this.runInOrder(
      TIMES_NAME,
      "The times of the conversations could not be stored",
      async () => {
        const now = this.clock.date();
        const known = await this.loadTimes(values, now);
        const times = key === undefined ? known : noteUse(known, toName(key), now);
        const names = new Set(findStale(times, this.options, now).slice(0, MAX_FORGOTTEN_AT_ONCE));
        if (key === undefined && names.size === 0) return names;
        const kept = times.filter(([name]) => !names.has(name));
        await values.set(TIMES_NAME, kept);
        return names;
      },
    );
    await Promise.all([...stale].map((name) => this.delete(`${CONTEXT_NAME}["${name}"]`)));
  }

  /** Forgets old conversations also while nobody asks. */
  private armTimer(): void {
    const { expiryMs, place } = this.options;
    if (expiryMs === Number.POSITIVE_INFINITY || (place !== "flow" && place !== "global")) return;
    const forgetOld = () => {
      this.armTimer();
      return this.keepBounds();
    };
    this.timer = this.clock.setTimer(forgetOld, Math.min(expiryMs, MAX_FORGET_INTERVAL_MS));
  }

  /** A change may lead to another one. */
  private async awaitChanges(): Promise<void> {
    while (this.changes.size > 0) await Promise.allSettled(this.changes);
  }

  private async readStored(key: string, message: Message): Promise<ChatMessage[]> {
    const values = this.values();
    const value = values ? await this.load(values, toContextPath(key)) : message.conversation;
    if (value === undefined || value === null) return [];
    if (
      !Array.isArray(value) ||
      !value.every((entry) => isObject(entry) && typeof entry["role"] === "string")
    ) {
      throw new Failure(
        "invalid_request",
        values
          ? "The stored conversation is not an array of chat messages. Correct it, or send msg.reset."
          : "msg.conversation is not an array of chat messages. Set it to that of the last answer, or remove it.",
      );
    }
    return copyAsJson(value as ChatMessage[], "The conversation");
  }

  private async load(values: ContextValues, path: string): Promise<unknown> {
    const value = await values.get(path);
    if (value === undefined) await this.makeRoom(values);
    return value;
  }

  /**
   * Makes sure that conversations can be kept. Node-RED writes nothing below a value that is no object, and says nothing.
   * Such a value counts as cleared if it is empty; any other is the author's own.
   */
  private async makeRoom(values: ContextValues): Promise<void> {
    const root = await values.get(CONTEXT_NAME);
    if (root === undefined || isObject(root)) return;
    if (root && !(Array.isArray(root) && root.length === 0)) {
      const kind = Array.isArray(root) ? "an array" : `a ${typeof root}`;
      throw new Failure(
        "configuration",
        `The ${this.options.place} context variable “${CONTEXT_NAME}” holds ${kind}, so no conversation can be kept in it. Give your own variable another name, or delete it.`,
      );
    }
    await values.set(CONTEXT_NAME, {});
  }

  private async isExpired(key: string): Promise<boolean> {
    const values = this.values();
    if (!values || this.options.expiryMs === Number.POSITIVE_INFINITY) return false;
    const times = readTimes(await values.get(TIMES_NAME)) ?? [];
    return hasExpired(times, toName(key), this.options, this.clock.date());
  }

  /** Loads when each conversation was used. Conversations of earlier versions count as used now. */
  private async loadTimes(values: ContextValues, now: number): Promise<ConversationTimes> {
    const value = await values.get(TIMES_NAME);
    const times = readTimes(value);
    if (!times) {
      throw new Failure(
        "configuration",
        `The ${this.options.place} context variable “${TIMES_NAME}” is not what this node has stored in it, so no conversation is forgotten. Give your own variable another name, or delete it.`,
      );
    }
    if (value !== undefined) return times;
    const root = await values.get(CONTEXT_NAME);
    const names = isObject(root) ? Object.keys(root) : [];
    return names.filter(isQuotable).map((name) => [name, now]);
  }

  private delete(path: string): Promise<void> {
    return this.runInOrder(path, "The conversation could not be deleted", async () => {
      await this.values()?.set(path, undefined);
    });
  }

  /**
   * Runs the changes of one value one after the other.
   * @param problem what happens if the time is up: “The conversation could not be stored”
   * @param change gets a function that throws if the time is up, so that nothing is changed after others have gone on
   */
  private runInOrder<T>(
    path: string,
    problem: string,
    change: (checkTime: () => void) => Promise<T>,
  ): Promise<T> {
    const context = this.findContext();
    const checkTime = () => {
      if (isLate) throw new Failure("configuration", `${problem} in time.`);
    };
    let isLate = false;
    if (!context) return change(checkTime);
    const running = runningChanges.get(context) ?? new Map<string, Promise<unknown>>();
    runningChanges.set(context, running);
    const begin = () => {
      checkTime();
      return change(checkTime);
    };
    const previous = running.get(path);
    const work = previous ? previous.then(begin, begin) : begin();
    const current = awaitStore(this.clock, work, problem).finally(() => {
      isLate = true;
      this.changes.delete(current);
      if (running.get(path) === current) running.delete(path);
    });
    this.changes.add(current);
    running.set(path, current);
    return current;
  }

  private values(): ContextValues | undefined {
    const context = this.findContext();
    return context && new ContextValues(context, this.clock, "conversation");
  }

  private findContext(): Context | undefined {
    const { place } = this.options;
    return place === "flow" || place === "global" ? this.node.context()[place] : undefined;
  }
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
