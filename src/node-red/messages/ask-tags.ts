import type { ResumePoint } from "../../client/chat-types.js";
import { isObject } from "../../core/json/parse.js";
import type { ContinuationInfo } from "../../core/retry/continuation.js";
import type { Message } from "../red/api.js";

/** Where a retry node's requests go: back to the first provider by output 2, or to the fallback by output 3. */
export type RouteName = "again" | "fallback";

/** Names the retry node that asked, and what its reader has. */
export interface RetryTag {
  kind: "retry";
  /** Id of the retry node. */
  node: string;
  /** Id of the stream that the reader knows. */
  stream: string;
  /** Which request of that stream: 2 for the first repetition. */
  attempt: number;
  /** Id of the request. A request that comes twice to a chat-stream gets two answers: the first one counts. */
  request: string;
  /** The node's life from one deploy to the next. */
  deployId: string;
  route: RouteName;
  /** How often the reader's stream has begun again. */
  restarts: number;
  /** Messages that the reader has and keeps; missing if it is told to forget them. */
  messagesSent?: number;
  /** Set if the answer continues a broken one. */
  continues?: ContinuationInfo;
  /** Set if a broken answer is taken up again that its service keeps. */
  resume?: ResumePoint;
}

/** Names the tool-call-router that asked, and the run that the answer belongs to. */
export interface RunTag {
  kind: "run";
  /** Id of the router. */
  node: string;
  run: string;
  /** Which turn of the run, from 1. */
  round: number;
  /** Id of the stream that the run's reader knows; not known before the first turn's stream. */
  stream?: string;
  /** Set on a message that collect made of the stream: it names who asked, and the stream is over. */
  over?: true;
}

/** Names the budget that let a request through, so that its stream settles what it reserved. */
export interface BudgetTag {
  kind: "budget";
  /** Id of the budget node. */
  node: string;
  /** Id of the request. */
  request: string;
  /** Key of the budget's account that pays. */
  key: string;
}

/** Names a node that asked. The tag rides along on every message of the stream that answers the request. */
export type AskTag = RetryTag | RunTag | BudgetTag;

/** The message property with the tags, outermost node first. No reader gets to see it. */
const PROPERTY = "askedBy";

/** Nodes that ask on behalf of each other. */
const MAX_TAGS = 16;

/** Longest id in a tag that is taken; ids made here have 36 characters. */
const MAX_ID_CHARS = 256;

/** @returns the tags of a message, outermost first, without those that a flow has damaged */
export function readTags(message: Message): AskTag[] {
  const list = message[PROPERTY];
  return Array.isArray(list) ? list.slice(-MAX_TAGS).filter(isTag) : [];
}

/** @returns the innermost tag of a kind */
export function findRetryTag(message: Message): RetryTag | undefined {
  return message[PROPERTY] === undefined ? undefined : readTags(message).findLast(isRetryTag);
}

/** @returns the innermost tag of a router whose run goes on */
export function findRunTag(message: Message): RunTag | undefined {
  if (message[PROPERTY] === undefined) return undefined;
  return readTags(message).findLast((tag): tag is RunTag => tag.kind === "run" && !tag.over);
}

/** @returns the tag that a node wrote, also if the stream that it asked for is over */
export function findTagOf(message: Message, node: string): AskTag | undefined {
  return readTags(message).findLast((tag) => tag.node === node);
}

/** @returns a copy of a message that has these tags and no others */
export function replaceTags<T extends Message>(message: T, tags: readonly AskTag[]): T {
  // Leaving a property out costs a tenth of deleting it.
  const { [PROPERTY]: _, ...untagged } = message;
  return (tags.length > 0 ? { ...untagged, [PROPERTY]: tags } : untagged) as T;
}

/** @returns the tags outside a node's own: those of the nodes on whose behalf it asked */
export function selectTagsOutside(tags: readonly AskTag[], node: string): AskTag[] {
  const own = tags.findIndex((tag) => tag.node === node);
  return own < 0 ? [...tags] : tags.slice(0, own);
}

/**
 * Strips the tags of a message that was made of a whole stream, so that no node takes it for a stream that it awaits.
 * A router's tag stays, marked: a router that gets its own answer as a question would ask for ever.
 */
export function markTagsOver(message: Message): Message {
  const runs = readTags(message).filter((tag): tag is RunTag => tag.kind === "run");
  return replaceTags(
    message,
    runs.map((tag) => ({ ...tag, over: true as const })),
  );
}

/** @returns the ids of the streams and runs on whose behalf a message asks */
export function readAskerNames(message: Message): string[] {
  return message[PROPERTY] === undefined ? [] : listAskerNames(readTags(message));
}

/** @returns the ids of the streams and runs that tags name */
export function listAskerNames(tags: readonly AskTag[]): string[] {
  return tags.flatMap((tag) => {
    if (tag.kind === "retry") return [tag.stream];
    if (tag.kind === "budget" || tag.over) return [];
    return tag.stream === undefined ? [tag.run] : [tag.run, tag.stream];
  });
}

/** Whether a message asks on behalf of a stream or run. */
export function asksFor(message: Message, name: string): boolean {
  return readAskerNames(message).includes(name);
}

/** Whether a message asks for something older than itself: a repetition, or a later turn of a run. */
export function continuesEarlierWork(message: Message): boolean {
  return readTags(message).some(
    (tag) => tag.kind === "retry" || (tag.kind === "run" && !tag.over && tag.round > 1),
  );
}

/** @returns what the message's request continues, if it does */
export function readContinuation(message: Message): ContinuationInfo | undefined {
  const continues = findRetryTag(message)?.continues;
  if (!isObject(continues)) return undefined;
  const { added, echo } = continues;
  return (added === 1 || added === 2) && typeof echo === "string" ? { added, echo } : undefined;
}

/** @returns where the message's request takes up a broken answer, if it does */
export function readResumption(message: Message): ResumePoint | undefined {
  return readResumePoint(findRetryTag(message)?.resume);
}

/** Reads a place in an answer that a service keeps. It travelled through a flow, so nothing in it is trusted. */
export function readResumePoint(value: unknown): ResumePoint | undefined {
  if (!isObject(value)) return undefined;
  const { id, after } = value;
  return isId(id) && Number.isSafeInteger(after) ? { id: id as string, after: after as number } : undefined;
}

function isRetryTag(tag: AskTag): tag is RetryTag {
  return tag.kind === "retry";
}

function isTag(value: unknown): value is AskTag {
  if (!isObject(value) || !isId(value["node"])) return false;
  if (value["kind"] === "retry") return isId(value["stream"]);
  if (value["kind"] === "budget") return isId(value["request"]) && typeof value["key"] === "string";
  return value["kind"] === "run" && isId(value["run"]) && typeof value["round"] === "number";
}

function isId(value: unknown): boolean {
  return typeof value === "string" && value.length <= MAX_ID_CHARS;
}
