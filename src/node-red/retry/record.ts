import type { ResumePoint } from "../../client/chat-types.js";
import type { ChatRequest } from "../../core/chat/request.js";
import { type Stats, TotalStats } from "../../core/chat/stats.js";
import { readCost, TotalCost } from "../../core/cost/amount.js";
import type { FailureData } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import {
  type ContinuationInfo,
  type ContinuationStyle,
  removeContinuation,
} from "../../core/retry/continuation.js";
import { isRich } from "../../dialects/chunk-kind.js";
import { type AskTag, type RetryTag, type RouteName, readResumePoint } from "../messages/ask-tags.js";
import { isUnbilled, type StreamMessage } from "../messages/stream-message.js";
import { readTurnLengths, sumLengths } from "../messages/turn-lengths.js";
import type { Message } from "../red/api.js";

/**
 * What a request does about the output that the reader has. `repeat`: there is none. `restart`: the answer begins again.
 * `resume`: the service goes on with the answer that it keeps. Else the model is asked to continue, in this style.
 */
export type Recovery = "repeat" | "restart" | "resume" | ContinuationStyle;

/** What is known of one stream as its reader sees it, over all the requests that it takes. */
export class StreamRecord {
  route: RouteName = "again";
  /** Attempts by the present route. */
  routeAttempts = 1;
  /** Attempts by any route. */
  attempts = 1;
  /** Further attempts by retry nodes between the chat-stream and this node. */
  nestedAttempts = 0;
  /** How often the stream has begun again for its reader. */
  restarts = 0;
  /** All text that the reader has. */
  text = "";
  /** Text of turns that completed. Only behind a tool-call-router. */
  finishedTurnsText = "";
  /** Text of the current turn that earlier requests already delivered. */
  currentText = "";
  /** Whether the reader has output that is not text, such as reasoning. */
  hasNonText = false;
  /** Whether the reader has output that no request can continue: a piece of a tool call, sound, a further choice. */
  cannotContinue = false;
  /** Index of the reader's next message. */
  nextIndex = 0;
  readonly stats = new TotalStats();
  readonly cost = new TotalCost();
  /** What was asked first; after tools have answered, with their results. */
  request: ChatRequest | undefined;
  /** How the newest request recovers; undefined before this node has sent one. */
  recovery: Recovery | undefined;
  /** Where the answer can be taken up again, as the request that failed last says. */
  resume: ResumePoint | undefined;
  /** The last message of the request that failed last; the author's own properties come from it. */
  last: StreamMessage | undefined;
  /** What the first request that this node sees continues, if an earlier life of the node asked for it. */
  private continues: ContinuationInfo | undefined;

  /**
   * @param id of the stream for its reader: that of the first request's stream
   * @param outerTags tags of the nodes on whose behalf the stream was asked for
   */
  constructor(
    readonly id: string,
    readonly outerTags: readonly AskTag[],
  ) {}

  /** Notes which kinds of output beside text a chunk brings to the reader. */
  noteChunk(chunk: unknown): void {
    if (this.cannotContinue) return;
    const choices = isObject(chunk) && Array.isArray(chunk["choices"]) ? chunk["choices"] : [];
    for (const choice of choices) {
      const { index, delta } = isObject(choice) ? choice : {};
      if (!isObject(delta)) continue;
      this.hasNonText ||= isRich(delta);
      this.cannotContinue ||=
        delta["tool_calls"] !== undefined ||
        delta["audio"] !== undefined ||
        (index !== 0 && Object.keys(delta).length > 0);
    }
  }

  /**
   * Notes that a request has ended.
   * @param last its last message
   * @param repeated characters of its text that the reader had already
   * @param now milliseconds of a monotonic clock
   */
  noteEnd(last: StreamMessage, failure: FailureData | undefined, repeated: number, now: number): void {
    const { request, stats } = last;
    if (isObject(request) && Array.isArray(request["messages"]))
      this.noteRequest(request as unknown as ChatRequest);
    this.resume = failure && readResumePoint(last["resume"]);
    const cost = readCost(last["cost"]);
    // An answer that goes on at its service is billed once, by the request that brings its end.
    const isFree = failure && (isUnbilled(failure) || this.resume !== undefined);
    if (cost || !isFree) this.cost.add(cost);
    if (isObject(stats)) {
      this.nestedAttempts += (Number(stats["attempts"]) || 1) - 1;
      this.stats.add(stats as unknown as Stats, now, repeated);
    }
    if (failure) this.noteFailure(last, failure.partial, repeated);
  }

  /**
   * Notes that the reader is told to forget everything.
   * @param keepsCurrentText whether what earlier requests said of the current turn stays
   * @returns the text that the reader gets once more
   */
  noteRestart(keepsCurrentText: boolean): string {
    this.restarts++;
    this.nextIndex = 0;
    this.text = "";
    if (keepsCurrentText) return this.endedText;
    this.currentText = "";
    this.hasNonText = false;
    this.cannotContinue = false;
    this.stats.discardText(this.finishedTurnsText.length);
    return this.finishedTurnsText;
  }

  /**
   * Notes that the stream answers a request that an earlier life of the node has sent.
   * @param tag the tag of that request
   */
  noteResumption({ route, messagesSent, restarts, continues }: RetryTag): void {
    this.attempts = 2;
    this.cost.add(null);
    this.route = route === "fallback" ? "fallback" : "again";
    this.nextIndex = Number(messagesSent) || 0;
    this.restarts = Math.max(0, (Number(restarts) || 0) - (messagesSent === undefined ? 1 : 0));
    this.continues = continues;
    // What was said before is gone, except the white space that the model was not told of.
    this.currentText = continues?.echo ?? "";
  }

  /** All the text that the reader has of the requests that have ended. */
  private get endedText(): string {
    return this.finishedTurnsText + this.currentText;
  }

  private noteFailure(last: StreamMessage, partial: string, repeated: number): void {
    const finished = Math.max(repeated, measureFinishedTurns(last, partial));
    this.finishedTurnsText += partial.slice(repeated, finished);
    this.currentText += partial.slice(finished);
    // The failure knows of text that came before this node was deployed, too.
    this.text = this.endedText;
    this.last = last;
  }

  /** Learns what was asked, and what had been said before if the stream only continues that. */
  private noteRequest(request: ChatRequest): void {
    if (this.request) {
      if (countResults(request) > countResults(this.request)) this.noteNextTurn(request);
      return;
    }
    const parts = this.continues && removeContinuation(request.messages, this.continues);
    this.request = parts ? { ...request, messages: parts.messages } : request;
    if (parts) this.currentText = parts.text;
    else if (this.continues) this.noteNextTurn(request);
  }

  /** Tools have answered, which must not be called again. The turn that continued what was said has completed. */
  private noteNextTurn(request: ChatRequest): void {
    this.request = request;
    // What is about to be taken back is not part of it, though the reader may have it still.
    if (this.recovery === "restart") return;
    this.finishedTurnsText = this.endedText;
    this.currentText = "";
  }
}

function countResults({ messages }: ChatRequest): number {
  return messages.filter((message) => isObject(message) && message["role"] === "tool").length;
}

/** @returns how many characters of a failed request's text are of completed turns, as a router's last message says */
function measureFinishedTurns({ rounds }: Message, text: string): number {
  const lengths = readTurnLengths(rounds);
  const total = sumLengths(lengths);
  // A turn whose stream never ended is not in the list.
  return total < text.length ? total : total - (lengths.at(-1) ?? 0);
}
