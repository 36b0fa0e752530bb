import type { ResumePoint } from "../../client/chat-types.js";
import type { ChatRequest } from "../../core/chat/request.js";
import { type Stats, TotalStats } from "../../core/chat/stats.js";
import { readCost, TotalCost } from "../../core/cost/amount.js";
import type { FailureData } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { type ContinuationInfo, removeContinuation } from "../../core/retry/continuation.js";
import { isRich } from "../../dialects/chunk-kind.js";
import { type AskTag, type RetryTag, type RouteName, readResumePoint } from "../messages/ask-tags.js";
import { readRoundLengths, sumLengths } from "../messages/round-lengths.js";
import { isUnbilled, readFailure, type StreamMessage } from "../messages/stream-message.js";
import type { Message } from "../red/api.js";

/** What the newest request does about the text that the reader has. */
export type RecoveryMode = "repeat" | "continue" | "restart" | "resume";

/** What is known of one stream as its reader sees it, over all the requests that it takes. */
export interface StreamRecord {
  /** Id of the stream for its reader: that of the first request's stream. */
  readonly id: string;
  /** Tags of the nodes on whose behalf the stream was asked for. */
  readonly outerTags: readonly AskTag[];
  route: RouteName;
  /** Requests by the present route. */
  tries: number;
  /** Requests by any route. */
  attempts: number;
  /** Requests that retry nodes in between have made on top, each within one of ours. */
  nestedAttempts: number;
  /** How often the stream has begun again for its reader. */
  restarts: number;
  /** All text that the reader has. */
  text: string;
  /** Text of turns that completed. Only behind a tool-call-router. */
  finishedTurnsText: string;
  /** Text of the current turn that earlier requests already delivered. */
  currentText: string;
  /** Whether the reader has output that is not text, such as reasoning. */
  hasNonText: boolean;
  /** Whether the reader has output that no request can continue: a piece of a tool call, sound, a further choice. */
  cannotContinue: boolean;
  /** Index of the reader's next message. */
  nextIndex: number;
  readonly stats: TotalStats;
  readonly cost: TotalCost;
  /** What was asked first; after tools have answered, with their results. */
  request: ChatRequest | undefined;
  recovery: RecoveryMode | undefined;
  /** Where the answer can be taken up again, as the request that failed last says. */
  resume: ResumePoint | undefined;
  /** The last message of the request that failed last; the author's own properties come from it. */
  last: StreamMessage | undefined;
  /** What the first request that this node sees continues, if an earlier life of the node asked for it. */
  continues: ContinuationInfo | undefined;
}

export function createStreamRecord(id: string, outerTags: readonly AskTag[]): StreamRecord {
  return {
    id,
    outerTags,
    route: "again",
    tries: 1,
    attempts: 1,
    nestedAttempts: 0,
    restarts: 0,
    text: "",
    finishedTurnsText: "",
    currentText: "",
    hasNonText: false,
    cannotContinue: false,
    nextIndex: 0,
    stats: new TotalStats(),
    cost: new TotalCost(),
    request: undefined,
    recovery: undefined,
    resume: undefined,
    last: undefined,
    continues: undefined,
  };
}

/** @returns all the text that the reader has of the requests that have ended */
export function collectText(record: StreamRecord): string {
  return record.finishedTurnsText + record.currentText;
}

/** Notes which kinds of output beside text a chunk brings to the reader. */
export function noteChunk(record: StreamRecord, chunk: unknown): void {
  if (record.cannotContinue) return;
  const choices = isObject(chunk) && Array.isArray(chunk["choices"]) ? chunk["choices"] : [];
  for (const choice of choices) {
    const { index, delta } = isObject(choice) ? choice : {};
    if (!isObject(delta)) continue;
    record.hasNonText ||= isRich(delta);
    const isWhole = delta["tool_calls"] !== undefined || delta["audio"] !== undefined;
    record.cannotContinue ||= isWhole || (index !== 0 && Object.keys(delta).length > 0);
  }
}

/**
 * Notes that a request has ended.
 * @param last its last message
 * @param repeated characters of its text that the reader had already
 * @param now milliseconds of a monotonic clock
 */
export function noteEnd(record: StreamRecord, last: Message, repeated: number, now: number): void {
  const { request, stats } = last;
  if (isObject(request) && Array.isArray(request["messages"]))
    noteRequest(record, request as unknown as ChatRequest);
  record.resume = readResumePoint(last["resume"]);
  const cost = readCost(last["cost"]);
  const failure = readFailure(last);
  // An answer that goes on at its service is billed once, by the request that brings its end.
  const isFree = failure && (isUnbilled(failure) || record.resume !== undefined);
  if (cost || !isFree) record.cost.add(cost);
  if (!isObject(stats)) return;
  record.nestedAttempts += (Number(stats["attempts"]) || 1) - 1;
  record.stats.add(stats as unknown as Stats, now, repeated);
}

/**
 * Notes that a request has failed.
 * @param last its last message
 * @param repeated characters of its text that the reader had already
 */
export function noteFailure(
  record: StreamRecord,
  last: StreamMessage,
  failure: FailureData,
  repeated: number,
): void {
  const { partial } = failure;
  const finished = Math.max(repeated, measureFinishedTurns(last, partial));
  record.finishedTurnsText += partial.slice(repeated, finished);
  record.currentText += partial.slice(finished);
  // The failure knows of text that came before this node was deployed, too.
  record.text = collectText(record);
  record.last = last;
}

/**
 * Notes that the reader is told to forget everything.
 * @param keepsCurrentText whether what earlier requests said of the current turn stays
 * @returns the text that the reader gets once more
 */
export function noteRestart(record: StreamRecord, keepsCurrentText: boolean): string {
  record.restarts++;
  record.nextIndex = 0;
  record.text = "";
  if (keepsCurrentText) return collectText(record);
  record.currentText = "";
  record.hasNonText = false;
  record.cannotContinue = false;
  record.stats.discardText(record.finishedTurnsText.length);
  return record.finishedTurnsText;
}

/**
 * Notes that the stream answers a request that an earlier life of the node has sent.
 * @param tag the tag of that request
 */
export function noteResumption(record: StreamRecord, tag: RetryTag): void {
  const { route, messagesSent, restarts, continues } = tag;
  record.attempts = 2;
  record.cost.add(null);
  record.route = route === "fallback" ? "fallback" : "again";
  record.nextIndex = Number(messagesSent) || 0;
  record.restarts = Math.max(0, (Number(restarts) || 0) - (messagesSent === undefined ? 1 : 0));
  record.continues = continues;
  // What was said before is gone, except the white space that the model was not told of.
  record.currentText = continues?.echo ?? "";
}

/** Learns what was asked, and what had been said before if the stream only continues that. */
function noteRequest(record: StreamRecord, request: ChatRequest): void {
  if (record.request) {
    if (countResults(request) > countResults(record.request)) noteNextTurn(record, request);
    return;
  }
  const parts = record.continues && removeContinuation(request.messages, record.continues);
  record.request = parts ? { ...request, messages: parts.messages } : request;
  if (parts) record.currentText = parts.text;
  else if (record.continues) noteNextTurn(record, request);
}

/** Tools have answered, which must not be called again. The turn that continued what was said has completed. */
function noteNextTurn(record: StreamRecord, request: ChatRequest): void {
  record.request = request;
  // What is about to be taken back is not part of it, though the reader may have it still.
  if (record.recovery === "restart") return;
  record.finishedTurnsText = collectText(record);
  record.currentText = "";
}

function countResults({ messages }: ChatRequest): number {
  return messages.filter((message) => isObject(message) && message["role"] === "tool").length;
}

/** @returns how many characters of a failed request's text are of completed turns, as a router's last message says */
function measureFinishedTurns({ rounds }: Message, text: string): number {
  const lengths = readRoundLengths(rounds);
  const total = sumLengths(lengths);
  // A turn whose stream never ended is not in the list.
  return total < text.length ? total : total - (lengths.at(-1) ?? 0);
}
