import { randomUUID } from "node:crypto";
import type { Dispatcher } from "undici";
import type { Chunk, Completion } from "../core/chat/chunk.js";
import { CompletionMachine } from "../core/chat/completion.js";
import type { ChatRequest } from "../core/chat/request.js";
import type { Stats } from "../core/chat/stats.js";
import { buildStats } from "../core/chat/stats.js";
import type { Clock } from "../core/clock.js";
import type { Failure } from "../core/failure.js";
import type { Limits, Timeouts } from "../core/limits.js";
import type { Provider, ProviderMemory } from "../providers/provider.js";
import type { Endpoint } from "../providers/shared/endpoint.js";
import type { JobAccount, JobStatus } from "../providers/shared/job.js";

/** What a stream has to do with a job, where the service has jobs. Without a word it gets one of its own. */
export interface JobWish {
  /** Ask within this job and leave it open. Comes from a message, and may be anything. */
  id?: unknown;
  /** The label of the job that is created; default: the provider's setting. */
  type?: string;
  /** Request fields that a command brings, which has no request. */
  options?: Readonly<Record<string, unknown>>;
  /** Ask nothing: only create a job and leave it open, or only end the one that `id` names. */
  only?: "create" | JobStatus;
}

/** What became of a stream's job. */
export interface JobReport extends JobAccount {
  id: string;
  /** Why the account may not be as the author thinks: the job may not have ended, or was not charged. */
  warning?: string;
}

/** Who reads a stream. Called from the socket's callbacks, without a promise in between. */
export interface ChatObserver {
  /** Answer text of the first choice, and nothing else worth telling. */
  onText(text: string): void;
  /** A chunk with more than answer text; `text` is what it adds to the answer. */
  onChunk(chunk: Chunk, text: string): void;
  /** All chunks of one read of the socket have been told. */
  onReadEnd?(): void;
  /** The one end that every stream has. */
  onEnd(result: ChatResult): void;
}

/** Lets an observer hear of a stream whose end goes elsewhere. */
export function replaceEnd(observer: ChatObserver, onEnd: (result: ChatResult) => void): ChatObserver {
  return {
    onText: (text) => observer.onText(text),
    onChunk: (chunk, text) => observer.onChunk(chunk, text),
    onReadEnd: () => observer.onReadEnd?.(),
    onEnd,
  };
}

/** How a stream ended. */
export interface ChatResult {
  outcome: "complete" | "failed" | "cancelled";
  /** In the words of the message contract: `stop`, `length`, `tool_calls`, … `error`, `cancelled`. */
  finishReason: string;
  failure?: Failure;
  /** Who answered, as a conversation notes it: the provider's id, and the machine where that is not its own. */
  service?: string;
  stats: Stats;
  /** Records passed over because the provider is tolerant. */
  skipped: number;
  /** What the service wants the author to know, beside its answer: that a model will be taken away. */
  notice?: string;
  /** Where the service has jobs. `open` is the status of one that others may be part of. */
  job?: JobReport;
  /** What is known only of the whole, as a chunk. */
  closing: Chunk;
  /** Everything that was said, as a Chat Completions response; built when it is read. */
  readonly completion: Completion;
}

/** All that a run needs; every part is given by who starts it, so that it can be given otherwise in a test. */
export interface ChatSetup {
  /** Ours, unique everywhere. */
  id: string;
  provider: Provider;
  endpoint: Endpoint;
  memory: ProviderMemory;
  dispatcher: Dispatcher;
  clock: Clock;
  timeouts: Readonly<Timeouts>;
  limits: Readonly<Limits>;
  request: ChatRequest;
  job?: JobWish;
  tolerant: boolean;
  /** Tell every chunk as a chunk, also those with plain text or nothing in them. */
  everyChunk: boolean;
}

const FINISH_REASONS = { complete: "stop", failed: "error", cancelled: "cancelled" } as const;

/** The end of a stream of which nothing came. */
export function buildEmptyResult(outcome: ChatResult["outcome"], failure?: Failure): ChatResult {
  const machine = new CompletionMachine();
  return {
    outcome,
    finishReason: FINISH_REASONS[outcome],
    stats: buildStats(0, 0, null, 0),
    skipped: 0,
    closing: machine.buildClosingChunk(),
    completion: machine.buildCompletion(randomUUID()),
    ...(failure ? { failure } : {}),
  };
}
