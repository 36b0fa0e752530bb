import type { ChatRequest } from "../../core/chat/request.js";
import type { FailureData } from "../../core/failure.js";
import { planRetry } from "../../core/retry/backoff.js";
import type { RouteName } from "../messages/retry-tag.js";
import type { RecoveryMode, RetrySession } from "./session.js";
import type { RetrySettings } from "./settings.js";

/** What happens after a failure; a sentence says why nothing more is tried, "" where the failure says it all. */
export type Plan = { route: RouteName; wait: number } | { giveUp: string };

/** Failures that another service would have no better answer to. */
const NO_FALLBACK: ReadonlySet<string> = new Set(["invalid_request", "content_filter", "cancelled", "limit"]);

/**
 * Decides what happens after a failure.
 * @param isWired whether anything is behind the output
 * @param random in [0, 1)
 */
export function planFor(
  session: RetrySession,
  failure: FailureData,
  settings: RetrySettings,
  isWired: (route: RouteName) => boolean,
  random: number,
): Plan {
  const committed = session.said !== "" || session.indivisible;
  if (!session.request || (committed && settings.afterText === "stop")) return { giveUp: "" };
  const decision = planRetry(failure, session.tries, settings, random);
  if ("wait" in decision && isWired(session.route)) {
    if (session.tries < settings.attempts) return { route: session.route, wait: decision.wait };
    const { attempts, requests } = session;
    return fallback(session, failure, isWired, attempts > 1 ? `Given up after ${requests} attempts.` : "");
  }
  return fallback(session, failure, isWired, "giveUp" in decision ? decision.giveUp : "");
}

/** What is left where the present way is at its end. */
export function fallback(
  session: RetrySession,
  failure: FailureData,
  isWired: (route: RouteName) => boolean,
  reason: string,
): Plan {
  const possible = session.route === "again" && isWired("fallback") && !NO_FALLBACK.has(failure.code);
  return possible ? { route: "fallback", wait: 0 } : { giveUp: reason };
}

export function mendingFor(session: RetrySession, afterText: RetrySettings["afterText"]): RecoveryMode {
  const { said, other, indivisible, request } = session;
  if (said === "" && !other && !indivisible) return "repeat";
  const divisible = said.trim() !== "" && !indivisible && !isOneWhole(request?.parameters ?? {});
  return afterText === "continue" && divisible ? "continue" : "restart";
}

/** An answer in a given form is made from its beginning, and of several choices only the first can be gone on from. */
function isOneWhole(parameters: NonNullable<ChatRequest["parameters"]>): boolean {
  const { n, response_format: format } = parameters as { n?: unknown; response_format?: { type?: unknown } };
  return Number(n) > 1 || (format?.type !== undefined && format.type !== "text");
}
