import type { ChatRequest } from "../../core/chat/request.js";
import type { Stats } from "../../core/chat/stats.js";
import { TotalStats } from "../../core/chat/stats.js";
import type { FailureData } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { type ContinuationInfo, removeContinuation } from "../../core/retry/continuation.js";
import type { OverlapTrimmer } from "../../core/retry/overlap-trimmer.js";
import type { PaidRetry } from "../../core/retry/retry-budget.js";
import { isRich } from "../../dialects/chunk-kind.js";
import type { RouteName } from "../messages/retry-tag.js";
import { roundLengths, sumOf } from "../messages/round-lengths.js";
import type { Done, Message, Send } from "../red/api.js";

/** A failure that is held back, until its request leaves again or nothing helps. */
export interface HeldFailure {
  timer: unknown;
  /** When it is due, in milliseconds of the clock. */
  due: number;
  /** How many times it was looked whether the service lives. */
  looks: number;
  failure: FailureData;
  /** The failed request's last message. */
  last: Message;
  done: Done;
}

/** A request that has left and of which nothing has come back yet. */
export interface Asked {
  /** The request's own `_msgid`, by which it is known though somebody took its tag away. */
  msgid: string;
  /** Whether its first message takes back what the reader has. */
  restarts: boolean;
  /** Where its text is to go on: what it repeats is taken away. */
  trimmer: OverlapTrimmer | undefined;
}

/** One stream as its reader sees it, over all the requests that it takes. */
export class RetrySession {
  route: RouteName = "again";
  /** Requests that went by the present route. */
  tries = 1;
  /** Requests by any route. */
  attempts = 1;
  /** Requests that retry nodes in between have made on top, each within one of ours. */
  private inner = 0;
  /** The text that the reader has of turns that have ended well, where a router in front has made several of them. */
  kept = "";
  /** The text that he has of the turn that breaks, of the requests that have ended. */
  said = "";
  /** Whether the reader has reasoning, or anything else that is no text. */
  other = false;
  /** Whether he has something that cannot be gone on from: a piece of a tool call, sound, another choice. */
  indivisible = false;
  /** Messages that the reader has got, of the requests that have ended. */
  sent = 0;
  readonly stats = new TotalStats();
  /** What was asked first; where tools have answered since, with what they said. */
  request: ChatRequest | undefined;
  /** What the newest request does about that which the reader has. */
  mending: RecoveryMode | undefined;
  /** The last message of the request that ended last; what rides along on it comes from the author. */
  last: Message | undefined;
  /** The request under way, where it is a repetition: what it took out of the budget. */
  paid: PaidRetry | undefined;
  held: HeldFailure | undefined;
  asked: Asked | undefined;
  /** After a cancel, for the stream of a request that has left. */
  grace: unknown;
  /** What the first stream goes on from, where an earlier life of the node has asked for it. */
  continues: ContinuationInfo | undefined;
  /** Streams that belong to this one, by their own ids. */
  readonly sources: string[] = [];

  constructor(
    /** The reader's id of the stream: that of the first request's. */
    readonly id: string,
    /** The `msg.retry` that the stream came with: the tag of a retry node around this one, or the author's own. */
    readonly outer: unknown,
    /** Of the newest message. */
    public send: Send,
  ) {}

  /** All the text that the reader has, of the requests that have ended. */
  get text(): string {
    return this.kept + this.said;
  }

  /** Requests in all. */
  get requests(): number {
    return this.attempts + this.inner;
  }

  /** Notes what kind of things the reader gets beside text. */
  note(chunk: unknown): void {
    if (this.indivisible) return;
    const choices = isObject(chunk) && Array.isArray(chunk["choices"]) ? chunk["choices"] : [];
    for (const { index, delta } of choices) {
      if (!isObject(delta)) continue;
      this.other ||= isRich(delta);
      const whole = delta["tool_calls"] !== undefined || delta["audio"] !== undefined;
      this.indivisible ||= whole || (index !== 0 && Object.keys(delta).length > 0);
    }
  }

  /**
   * A request has ended.
   * @param last its last message
   * @param repeated characters of its text that the reader had already
   * @param now milliseconds of a monotonic clock
   */
  ended(last: Message, repeated: number, now: number): void {
    const { request, stats } = last;
    if (isObject(request) && Array.isArray(request["messages"]))
      this.learn(request as unknown as ChatRequest);
    if (!isObject(stats)) return;
    this.inner += (Number(stats["attempts"]) || 1) - 1;
    this.stats.add(stats as unknown as Stats, now, repeated);
  }

  /** It is known what was asked, and what had been said where the stream only goes on from that. */
  private learn(request: ChatRequest): void {
    if (this.request) {
      if (resultsIn(request) > resultsIn(this.request)) this.grow(request);
      return;
    }
    const apart = this.continues && removeContinuation(request.messages, this.continues);
    this.request = apart ? { ...request, messages: apart.messages } : request;
    if (apart) this.said = apart.text;
  }

  /** Tools have answered, which shall not be called again. The turn that went on from what was said has ended well. */
  private grow(request: ChatRequest): void {
    this.request = request;
    // What is to be taken back is no part of it, though the reader may have it still.
    if (this.mending === "restart") return;
    this.kept = this.text;
    this.said = "";
  }

  /**
   * A request has failed.
   * @param last its last message, in its place of the reader's stream
   * @param repeated characters of its text that the reader had already
   */
  failed(last: Message, failure: FailureData, repeated: number): void {
    const { partial } = failure;
    const finished = Math.max(repeated, finishedIn(last, partial));
    this.kept += partial.slice(repeated, finished);
    this.said += partial.slice(finished);
    this.sent = last.parts!.index;
    this.last = last;
  }

  /** The reader has been told to forget everything. The turns that ended well he gets again. */
  forget(): void {
    this.said = "";
    this.other = false;
    this.indivisible = false;
    this.stats.discardText(this.kept.length);
  }
}

function resultsIn({ messages }: ChatRequest): number {
  return messages.filter((message) => isObject(message) && message["role"] === "tool").length;
}

/** How much of a failed request's text is of turns that have ended well, as a router's last message tells. */
function finishedIn({ rounds }: Message, text: string): number {
  const lengths = roundLengths(rounds);
  const told = sumOf(lengths);
  // A turn whose stream never ended is not among them.
  return told < text.length ? told : told - (lengths.at(-1) ?? 0);
}

/** What the next request does about that which the reader has: nothing, take it back, or go on from it. */
export type RecoveryMode = "repeat" | "restart" | "continue";
