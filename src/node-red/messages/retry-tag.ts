import { isObject } from "../../core/json/parse.js";
import type { ContinuationInfo } from "../../core/retry/continuation.js";
import type { Message } from "../red/api.js";

import { namesOfRuns, runTagOf } from "./run-tag.js";

/**
 * What a retry node writes as `msg.retry` on the requests it sends. It rides along on every message of the stream
 * that comes of the request, and by it the node finds the reader.
 */
export interface RetryTag {
  /** The retry node. */
  node: string;
  /** The stream that the reader knows. */
  stream: string;
  /** Which request of that stream, 2 for the first that is a repetition. Tells; nothing is counted by it. */
  attempt: number;
  /** The node's life from one deploy to the next. What an earlier one has asked for is passed on as it comes. */
  life: string;
  /** By which way the request left. */
  route: RouteName;
  /** Messages that the reader has and keeps; missing where he is told to forget them. */
  sent?: number;
  /** Set where the answer is to go on. */
  continues?: ContinuationInfo;
  /** What the stream had as `msg.retry`: the tag of another retry node, in whose attempt this one happens, or the author's. */
  outer?: unknown;
}

/** Nodes within nodes that are looked through. */
const DEEPEST = 8;

/** A message's tag. It has travelled through a flow, and may be anything. */
export function tagOf(message: Message): RetryTag | undefined {
  return asTag(message["retry"]);
}

/** The names of the streams on whose behalf the message asks: for retry nodes, and for runs of tool calls. */
export function namesOf(message: Message): string[] {
  const names = namesOfRuns(runTagOf(message));
  let tag = tagOf(message);
  for (let depth = 0; tag && depth < DEEPEST; depth++) {
    names.push(tag.stream);
    tag = asTag(tag.outer);
  }
  return names;
}

/** Whether the message asks on behalf of the stream. */
export function asksFor(message: Message, stream: string): boolean {
  return namesOf(message).includes(stream);
}

/**
 * A message that is all of a stream, without the tags by which nodes have known the stream: what is made of it next is
 * nobody's answer. An author's own `msg.retry` is given back. That a router has asked stays to be seen, or one that
 * gets the answer for a question would ask for ever.
 */
export function withoutTags(message: Message): Message {
  let untagged = { ...message };
  for (let depth = 0; tagOf(untagged) && depth < DEEPEST; depth++) untagged = withoutRetryTag(untagged);
  const run = runTagOf(message);
  if (run) untagged["toolRun"] = { over: run };
  return untagged;
}

/** A message without the tag of the retry node that it came from; what that had found on it is given back. */
export function withoutRetryTag(message: Message): Message {
  const tag = tagOf(message);
  if (!tag) return message;
  const { retry: _, ...untagged } = message;
  return tag.outer === undefined ? untagged : { ...untagged, retry: tag.outer };
}

/** What the message's request goes on from, if it does. */
export function continuesOf(message: Message): ContinuationInfo | undefined {
  const continues = tagOf(message)?.continues;
  if (!isObject(continues)) return undefined;
  const { added, echo } = continues;
  return (added === 1 || added === 2) && typeof echo === "string" ? { added, echo } : undefined;
}

function asTag(value: unknown): RetryTag | undefined {
  if (!isObject(value) || typeof value["node"] !== "string" || typeof value["stream"] !== "string")
    return undefined;
  return value as unknown as RetryTag;
}

/** Where requests go: back to the first provider by output 2, or to the fallback by output 3. */
export type RouteName = "again" | "fallback";
