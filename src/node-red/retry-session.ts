import type { FailureData } from "../core/failure.js";
import type { OverlapTrimmer } from "../core/overlap.js";
import type { ChatRequest } from "../core/request.js";
import type { Stats } from "../core/stats.js";
import type { Done, Message, Parts, Send } from "./red.js";

/** What a retry node writes on the requests it sends, and finds again on the messages of their streams. */
export interface RetryTag {
  /** The stream that the reader knows. */
  stream: string;
  attempt: number;
  /** Set where the answer goes on: what of the request is ours, and the text that it goes on from. */
  continues?: { added: number; text: string };
}

/** Where requests go: back to the first provider by output 2, or to the fallback by output 3. */
export type Route = "again" | "fallback";

/** One stream as its reader sees it, over all its attempts. */
export interface RetrySession {
  /** The reader's id of the stream: that of the first attempt. */
  id: string;
  /** The stream that is expected or running now, by its own id; undefined while none has begun. */
  source: string | undefined;
  route: Route;
  /** Requests that went by the present route. */
  tries: number;
  /** Requests in all. */
  attempts: number;
  /** Place of the next message for the reader. */
  index: number;
  /** The text that the reader has, of the attempts that have ended. */
  said: string;
  /** Where the present attempt's text comes in. */
  trimmer: OverlapTrimmer | undefined;
  /** Whether the reader has anything that is no text: it can only be taken back, not continued. */
  sentOther: boolean;
  sentToolCall: boolean;
  request: ChatRequest | undefined;
  stats: Stats | undefined;
  send: Send;
  /** The message that waits to be asked again: its timer and its `done`. */
  waiting: { timer: unknown; last: Message; done: Done } | undefined;
}

export function newSession(id: string, send: Send): RetrySession {
  return {
    id,
    source: id,
    route: "again",
    tries: 1,
    attempts: 1,
    index: 0,
    said: "",
    trimmer: undefined,
    sentOther: false,
    sentToolCall: false,
    request: undefined,
    stats: undefined,
    send,
    waiting: undefined,
  };
}

/** Reads a tag; it has travelled through a flow, and may be anything. */
export function tagOf(message: Message): RetryTag | undefined {
  const tag = message["retry"] as RetryTag | undefined;
  return typeof tag === "object" && tag !== null && typeof tag.stream === "string" ? tag : undefined;
}

/** A message's own failure, as chat-stream wrote it. */
export function failureOf(message: Message): FailureData | undefined {
  const error = message.error as FailureData | undefined;
  return typeof error === "object" && error !== null && typeof error.code === "string" ? error : undefined;
}

/** Puts a message into its place in the reader's stream. The message is ours: its sender has let go of it. */
export function place(session: RetrySession, message: Message): Message {
  const parts = message.parts as Parts;
  parts.id = session.id;
  parts.index = session.index++;
  if (message["retry"] !== undefined) delete message["retry"];
  return message;
}

/** The numbers of a stream over all its attempts, waits included. */
export function totalStats(
  before: Stats | undefined,
  last: Stats | undefined,
  attempts: number,
): Stats | undefined {
  if (!last) return undefined;
  if (!before) return { ...last, attempts };
  const characters = before.characters + last.characters;
  const durationMs = before.durationMs + last.durationMs;
  return {
    chunks: before.chunks + last.chunks,
    characters,
    firstTokenMs:
      before.firstTokenMs ?? (last.firstTokenMs === null ? null : before.durationMs + last.firstTokenMs),
    durationMs,
    charactersPerSecond: Math.round((characters * 10_000) / Math.max(1, durationMs)) / 10,
    attempts,
  };
}
