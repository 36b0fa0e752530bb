import type { ChatRequest } from "../../core/chat/request.js";
import type { FailureData } from "../../core/failure.js";
import { planRetry } from "../../core/retry/backoff.js";
import { supportsPrefill } from "../../providers/index.js";
import type { RouteName } from "../messages/ask-tags.js";
import type { Recovery, StreamRecord } from "./record.js";
import type { RetrySettings } from "./settings.js";

/** What happens after a failure: another request, or the end with a sentence that says why, "" if the failure says it. */
export type Plan = { route: RouteName; waitMs: number; recovery: Recovery } | { giveUp: string };

/** What a plan depends on beside the record and the failure. */
export interface PlanContext {
  settings: RetrySettings;
  /** Why nothing that leaves by a route can come back, "" if there is no fallback; undefined if it can. */
  findDeadEnd(route: RouteName): string | undefined;
  /** @returns a number in [0, 1) */
  random(): number;
}

/** Failures to which another service has no better answer. */
const NO_FALLBACK: ReadonlySet<string> = new Set(["invalid_request", "content_filter", "cancelled", "limit"]);

/** Failures of a request that continues an answer which can be the continuation's fault. */
const REFUSES_CONTINUATION: ReadonlySet<string> = new Set([
  "invalid_request",
  "context_length",
  "not_found",
  "bad_response",
]);

/** Decides what happens after a failure. */
export function planNext(record: StreamRecord, failure: FailureData, context: PlanContext): Plan {
  const { settings, findDeadEnd } = context;
  const hasOutput = record.currentText !== "" || record.cannotContinue;
  const mustStop = hasOutput && settings.afterText === "stop" && !record.resume;
  if (!record.request || mustStop) return { giveUp: "" };
  const weaker = weakenRecovery(record, failure, settings);
  if (weaker) return { route: record.route, waitMs: 0, recovery: weaker };
  const decision = planRetry(failure, record.routeAttempts, settings, context.random());
  if ("giveUp" in decision) return planFallback(record, failure, decision.giveUp, context);
  const deadEnd = findDeadEnd(record.route);
  if (deadEnd !== undefined) return planFallback(record, failure, deadEnd, context);
  if (record.routeAttempts >= settings.attempts) {
    const requests = record.attempts + record.nestedAttempts;
    const used = record.attempts > 1 ? `Given up after ${requests} attempts.` : "";
    return planFallback(record, failure, used, context);
  }
  return {
    route: record.route,
    waitMs: decision.wait,
    recovery: record.resume ? "resume" : chooseRecovery(record, failure.provider, settings),
  };
}

/** Decides what is left after the present route is used up. */
export function planFallback(
  record: StreamRecord,
  failure: FailureData,
  reason: string,
  { settings, findDeadEnd }: PlanContext,
): Plan {
  if (record.route !== "again" || NO_FALLBACK.has(failure.code)) return { giveUp: reason };
  const deadEnd = findDeadEnd("fallback");
  if (deadEnd !== undefined) return { giveUp: reason || deadEnd };
  // Which service the fallback is shows only when it answers.
  return { route: "fallback", waitMs: 0, recovery: chooseRecovery(record, "", settings) };
}

/**
 * A request that continued an answer, or took it up again, was refused before it brought anything: the next one does what
 * a broken answer without that needs, quotes what this one prefilled, or starts over.
 * @returns undefined if something else failed
 */
function weakenRecovery(
  record: StreamRecord,
  failure: FailureData,
  settings: RetrySettings,
): Recovery | undefined {
  const { recovery, resume } = record;
  if (failure.partial !== "" || failure.retryable) return undefined;
  // The service does not have the answer any more.
  if (recovery === "resume" && !resume) return chooseRecovery(record, "", settings);
  if (!REFUSES_CONTINUATION.has(failure.code)) return undefined;
  return recovery === "prefill" ? "quote" : recovery === "quote" ? "restart" : undefined;
}

/** @param provider id of the service that failed; "" if another one is asked */
function chooseRecovery(
  { currentText, hasNonText, cannotContinue, request }: StreamRecord,
  provider: string,
  { afterText, continueBy }: RetrySettings,
): Recovery {
  if (currentText === "" && !hasNonText && !cannotContinue) return "repeat";
  const canContinue =
    currentText.trim() !== "" && !cannotContinue && !asksForWhole(request?.parameters ?? {});
  if (afterText !== "continue" || !canContinue) return "restart";
  if (continueBy !== "auto") return continueBy;
  return supportsPrefill(provider) ? "prefill" : "quote";
}

/** Whether a request asks for an answer that cannot be continued: one in JSON, or several choices. */
function asksForWhole(parameters: NonNullable<ChatRequest["parameters"]>): boolean {
  const { n, response_format: format } = parameters as { n?: unknown; response_format?: { type?: unknown } };
  return Number(n) > 1 || (format?.type !== undefined && format.type !== "text");
}
