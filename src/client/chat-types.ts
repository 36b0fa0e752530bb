import { randomUUID } from "node:crypto";
import type { Dispatcher } from "undici";
import type { Chunk, Completion, Usage } from "../core/chat/chunk.js";
import { CompletionMachine } from "../core/chat/completion.js";
import type { ChatRequest } from "../core/chat/request.js";
import { buildStats, type Stats } from "../core/chat/stats.js";
import type { Clock } from "../core/clock.js";
import type { Cost } from "../core/cost/amount.js";
import type { OwnPrices } from "../core/cost/own-prices.js";
import type { Failure } from "../core/failure.js";
import type { Limits, Timeouts } from "../core/limits.js";
import type { Decoder } from "../dialects/dialect.js";
import type { Provider, ProviderMemory } from "../providers/provider.js";
import type { Endpoint } from "../providers/shared/endpoint.js";
import type { JobAccount, JobStatus } from "../providers/shared/job.js";

/**
 * Which job a stream belongs to, for a service that bills by job. By default a job is created for the stream and completed
 * after it.
 */
export interface JobWish {
  /** Id of a job to use and leave open. It may come from a message, so any type is possible. */
  id?: unknown;
  /** Type of a new job, for the service's records. Default: the type that is set in the provider. */
  type?: string;
  /** `user` and `metadata` of a new job. Default: those of the request. */
  options?: Readonly<Record<string, unknown>>;
  /** Sends no chat request, but only creates a job and leaves it open, or ends the job `id` with this status. */
  only?: "create" | JobStatus;
}

/** The job of a stream after the stream has ended. A job that stays open has the status `open`. */
export interface JobReport extends JobAccount {
  /** The service's id of the job. */
  id: string;
  /** A sentence if the job may not have ended or was not charged. */
  warning?: string;
}

/**
 * Receives a stream. It is called directly from the socket's callbacks, without a promise in between. Callbacks
 * should not throw.
 */
export interface ChatObserver {
  /** A piece of answer text of the first choice, from a chunk with nothing else in it. */
  onText(text: string): void;
  /** A chunk with more than answer text. @param text the answer text that it adds to the first choice, `""` if none */
  onChunk(chunk: Chunk, text: string): void;
  /** Text of an answer that is read again, which the reader has already. */
  onReplay?(text: string): void;
  /** All chunks of one read of the socket have been delivered. */
  onReadEnd?(): void;
  /** The stream has ended. Called exactly once, whatever happens. */
  onEnd(result: ChatResult): void;
}

/** Creates an observer that passes everything on except the end. @param onEnd gets the end instead */
export function replaceEnd(observer: ChatObserver, onEnd: (result: ChatResult) => void): ChatObserver {
  return {
    onText: (text) => observer.onText(text),
    onChunk: (chunk, text) => observer.onChunk(chunk, text),
    onReadEnd: () => observer.onReadEnd?.(),
    onReplay: (text) => observer.onReplay?.(text),
    onEnd,
  };
}

/** How far a stream has come. It is computed on demand, so that a stream which nobody watches pays nothing. */
export interface ChatProgress {
  /** Chunks with content. */
  chunks: number;
  /** From the request to the first content, in milliseconds; null if none has come. */
  firstTokenMs: number | null;
  /** Characters of text and bytes of anything else that the model made. */
  contentSize: number;
  /** Tools that the first choice has called. */
  toolCalls: number;
  /** What the service has counted so far; most services count at the end. */
  usage: Usage | null;
}

/** The progress of a request that has not been sent. */
export const NO_PROGRESS: Readonly<ChatProgress> = {
  chunks: 0,
  firstTokenMs: null,
  contentSize: 0,
  toolCalls: 0,
  usage: null,
};

/** A run that has started: a request and its answer. */
export interface StartedRun {
  /** Ends the stream. The observer keeps the text so far. May be called more than once. */
  cancel(): void;
  readProgress(): ChatProgress;
}

/** A place in an answer that the service keeps: its id there, and the number of the latest record that was read. */
export interface ResumePoint {
  id: string;
  after: number;
  /** The records that earlier runs have read. Without them, a later run reads the answer anew and skips what came before. */
  read?: ReadRecords;
}

/** The records of an answer from its beginning to a place in it. A run that goes on there needs the state that they build. */
export interface ReadRecords {
  /** The records as text. Several may have become one. */
  records: readonly string[];
  /** The number of the latest one. */
  latest: number;
}

/** Watches what a run reads. */
export interface RecordWatcher {
  /** A record has come and is read next. @param isCut whether the connection ended before the record did */
  onRecord(data: string, isCut: boolean, decoder: Decoder): void;
  /** The answer has come as one body and is read next. */
  onWhole(decoder: Decoder): void;
  /**
   * The run is about to fail.
   * @returns whether a later run can resume the answer. The decoder then does not pass on text that it holds back because a
   *   tag or a call may begin with it: the later run reads that text again.
   */
  canResumeAfter(failure: Failure): boolean;
}

/** How a stream ended. */
export interface ChatResult {
  outcome: "complete" | "failed" | "cancelled";
  /**
   * Why the answer ended: `stop`, `length`, `tool_calls`, `content_filter`, `error`, `cancelled`, the vendor's own word, or
   * `unknown`.
   */
  finishReason: string;
  /** Why the stream failed. Set only if `outcome` is `failed`. */
  failure?: Failure;
  /** The service that answered: the provider's id, with the host if it is not the provider's own. */
  service?: string;
  stats: Stats;
  /** Records that were skipped: they are of an unknown type, or broken and `tolerant` is set. */
  skipped: number;
  /** A warning of the service for the author, such as the end of a model. */
  notice?: string;
  /** The span of the request (W3C Trace Context), if it is traced. */
  traceparent?: string;
  /** The stream's job. Set only if the service bills by job. */
  job?: JobReport;
  /** Where a later run can take the answer up again. Set only if the service keeps it and the connection broke. */
  resume?: ResumePoint;
  /** A chunk with what is known only at the end: ids, finish reasons, usage, vendor fields. */
  closing: Chunk;
  /** What the answer costs; null if that is unknown. It is looked up when it is first read. */
  readonly cost: Cost | null;
  /** The whole answer as a Chat Completions response. Each access builds it anew. */
  readonly completion: Completion;
}

/** What every run needs of its service, and of the machine that it runs on. */
export interface ServiceSetup {
  provider: Provider;
  endpoint: Endpoint;
  dispatcher: Dispatcher;
  clock: Clock;
  timeouts: Readonly<Timeouts>;
  limits: Readonly<Limits>;
}

/** Everything that a run needs. The caller provides every part, so that a test can replace it. */
export interface ChatSetup extends ServiceSetup {
  /** Id of the stream, unique on every machine. */
  id: string;
  memory: ProviderMemory;
  request: ChatRequest;
  /** Takes up an answer that an earlier run has begun, instead of asking for a new one. */
  resume?: ResumePoint | undefined;
  watcher?: RecordWatcher;
  /** Gets work that goes on after the stream. The connections have to stay open until it ends. */
  holdWork?(work: Promise<void>): void;
  job?: JobWish;
  /** The author's own prices, for models whose price is not known. */
  prices?: OwnPrices | undefined;
  /** Whether to skip and count broken records instead of failing. */
  tolerant: boolean;
  /** Whether the answer has to have a finish reason: an end marker alone does not complete it. Default: false. */
  needsFinishReason?: boolean;
  /** Whether to deliver every chunk as a chunk, even those with plain text or without content. */
  everyChunk: boolean;
}

const FINISH_REASONS = { complete: "stop", failed: "error", cancelled: "cancelled" } as const;

/** Builds the result of a stream without any output. @param failure required if the outcome is `failed` */
export function buildEmptyResult(outcome: ChatResult["outcome"], failure?: Failure): ChatResult {
  const result: ChatResult = {
    outcome,
    finishReason: FINISH_REASONS[outcome],
    stats: buildStats(0, 0, null, 0),
    skipped: 0,
    closing: { id: "", object: "chat.completion.chunk", created: 0, model: "", choices: [], usage: null },
    cost: null,
    // Built on demand: hardly anybody reads the completion of a request that was never sent.
    get completion() {
      return new CompletionMachine().buildCompletion(randomUUID());
    },
  };
  if (failure) result.failure = failure;
  return result;
}
