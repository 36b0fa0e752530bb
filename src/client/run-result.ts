import type { CompletionMachine } from "../core/chat/completion.js";
import { buildStats } from "../core/chat/stats.js";
import { redact } from "../core/errors/redact.js";
import type { Failure } from "../core/failure.js";
import { formatServiceName } from "../providers/shared/endpoint.js";
import type { ChatProgress, ChatResult, ChatSetup } from "./chat-types.js";
import { createCostFinder } from "./cost/find-cost.js";
import { listSecrets } from "./hide-secrets.js";

/** How a run ended. */
interface EndedRun extends ChatProgress {
  outcome: ChatResult["outcome"];
  finishReason: string;
  failure: Failure | undefined;
  /** When it began, in milliseconds of the clock. */
  startedAt: number;
  /** Records of unknown types, and broken ones that the run tolerates. */
  skipped: number;
  /** A warning of the service for the author. */
  notice: string | undefined;
  /** Requests that the answer took: more than 1 if the service paused it. */
  requests: number;
}

/** Builds the result of a stream. What few callers need of it is made when they read it. */
export function buildRunResult(setup: ChatSetup, machine: CompletionMachine, run: EndedRun): ChatResult {
  const { outcome, finishReason, failure, startedAt, skipped, notice, chunks, firstTokenMs, requests } = run;
  const durationMs = setup.clock.now() - startedAt;
  const closing = machine.buildClosingChunk();
  const findCost = createCostFinder(setup, closing, durationMs);
  const result: ChatResult = {
    outcome,
    finishReason,
    get service() {
      return formatServiceName(setup.provider, setup.endpoint);
    },
    stats: { ...buildStats(chunks, machine.length, firstTokenMs, durationMs), attempts: requests },
    skipped,
    closing,
    get cost() {
      return findCost();
    },
    get completion() {
      return machine.buildCompletion(setup.id);
    },
  };
  if (failure) result.failure = failure;
  if (notice) result.notice = redact(notice, listSecrets(setup.endpoint));
  return result;
}
