import type { ChatMessage } from "../../../core/chat/chunk.js";
import type { Ticket } from "../../../core/lifecycle/slots.js";
import { continuesEarlierWork, type RunTag, readTags } from "../../messages/ask-tags.js";
import type { Message } from "../../red/api.js";
import { copyAsJson } from "../../red/plain-copy.js";
import type { RunningRuns } from "../../runs/register.js";
import type { ComposedRequest } from "../composing/request.js";
import type { StreamSession } from "../session.js";

/** A question that waits: for the next turn of the run that is under way, or for the run's end. */
interface Waiting {
  stream: StreamSession;
  start: () => void;
}

/** What is under way in a conversation, and what waits. */
interface Conversation {
  /** Ids of streams, and keys of runs with what stops listening to their end. */
  active: Map<string, () => void>;
  /** The oldest first. */
  waiting: Set<Waiting>;
}

/** What steering reaches through its node. */
export interface SteeringPorts {
  runs: RunningRuns;
  /** Runs a callback that may send messages. */
  run(callback: () => void): void;
  /** Composes the request of a message without a history. */
  compose(message: Message): Promise<ComposedRequest>;
  fail(stream: StreamSession, thrown: unknown): void;
  /** Ends a stream whose question has gone into another request. */
  finishSteered(stream: StreamSession): void;
}

/**
 * Lets questions of a conversation wait while a run is under way, and puts them into its next turn. If the run ends without
 * one, the first of them begins a run of its own.
 */
export class Steering {
  private readonly conversations = new Map<string, Conversation>();

  constructor(private readonly ports: SteeringPorts) {}

  /**
   * Queues a stream in its conversation.
   * @param start called once nothing is under way; at once for what others have begun
   * @returns the stream's place; the stream releases it at its end
   */
  enter(stream: StreamSession, start: () => void): Ticket {
    const { key } = stream;
    const conversation: Conversation = this.conversations.get(key) ?? {
      active: new Map(),
      waiting: new Set(),
    };
    this.conversations.set(key, conversation);
    const place = { stream, start };
    if (conversation.active.size > 0 && !continuesEarlierWork(stream.message))
      conversation.waiting.add(place);
    else this.begin(conversation, place);
    return {
      release: () => {
        conversation.waiting.delete(place);
        this.leave(key, conversation, stream.id);
      },
    };
  }

  /** Puts the questions that wait into a request that is the next turn of a run; does nothing with any other. */
  async join(stream: StreamSession, composed: ComposedRequest): Promise<void> {
    const tag = findNextTurn(stream.message);
    const conversation = this.conversations.get(stream.key);
    if (!tag || !conversation) return;
    const { waiting } = conversation;
    for (const next of waiting) {
      const messages = next.stream.isOver ? [] : await this.readQuestion(next.stream);
      if (stream.isOver) return;
      // It may have been stopped meanwhile.
      if (next.stream.isOver || messages.length === 0) continue;
      composed.request.messages = [...composed.request.messages, ...messages];
      composed.turn = [...composed.turn, ...messages];
      waiting.delete(next);
      next.stream.steered = tag.stream ?? tag.run;
      this.ports.finishSteered(next.stream);
    }
  }

  /** Forgets everything, as the node is closed. */
  close(): void {
    for (const { active } of this.conversations.values()) for (const unlisten of active.values()) unlisten();
    this.conversations.clear();
  }

  private begin(conversation: Conversation, { stream, start }: Waiting): void {
    const { active } = conversation;
    const { runs, run } = this.ports;
    active.set(stream.id, () => {});
    for (const tag of readTags(stream.message)) {
      if (tag.kind !== "run" || !runs.has(tag.run) || active.has(tag.run)) continue;
      const leave = () => run(() => this.leave(stream.key, conversation, tag.run));
      active.set(tag.run, runs.onEnd(tag.run, leave));
    }
    start();
  }

  private leave(key: string, conversation: Conversation, id: string): void {
    const { active, waiting } = conversation;
    active.delete(id);
    if (active.size > 0) return;
    const [next] = waiting;
    if (next) {
      waiting.delete(next);
      this.begin(conversation, next);
    } else if (this.conversations.get(key) === conversation) this.conversations.delete(key);
  }

  /** @returns what the user says; nothing if the stream asks for something else, or cannot be composed and has failed */
  private async readQuestion(stream: StreamSession): Promise<ChatMessage[]> {
    try {
      const { turn } = await this.ports.compose(stream.message);
      const from = turn.findLastIndex(({ role }) => role !== "user") + 1;
      return copyAsJson(turn.slice(from), "The prompt");
    } catch (thrown) {
      this.ports.fail(stream, thrown);
      return [];
    }
  }
}

/** @returns the tag of the run whose next turn a message asks for. A repetition by a retry node has what went before */
function findNextTurn(message: Message): RunTag | undefined {
  const tag = readTags(message).findLast(({ kind }) => kind !== "budget");
  return tag?.kind === "run" && !tag.over && tag.round > 1 ? tag : undefined;
}
