import type { FailureData } from "../failure.js";

/** How long to wait between attempts, in milliseconds. */
export interface BackoffOptions {
  /** Upper bound of the first wait; doubles with each attempt. */
  delay: number;
  /** No wait of ours is longer; a service that asks for more is not asked again. */
  maxDelay: number;
}

/** What follows from a failure: wait and ask again, or give up; then a sentence that says why, "" if nothing new. */
export type RetryDecision = { wait: number } | { giveUp: string };

/** A service that says it is busy gets twice the time of one that merely failed. */
const BUSY_CODES: ReadonlySet<string> = new Set(["rate_limit", "overloaded"]);

/** More doublings than any limit allows. */
const MAX_DOUBLINGS = 30;

/**
 * Full jitter: anything between 0 and the doubled delay, so that a thousand flows that failed together do not
 * come back together.
 * @param attempt 1 for the first retry
 * @param random in [0, 1)
 */
export function computeBackoff(attempt: number, { delay, maxDelay }: BackoffOptions, random: number): number {
  const doublings = Math.min(attempt - 1, MAX_DOUBLINGS);
  return Math.round(random * Math.min(maxDelay, delay * 2 ** doublings));
}

/**
 * What to do after a failure. The service's own hint comes first, and ours is added to it, since others were told the
 * same moment. A hint beyond the limit ends the matter: to knock earlier than asked makes things worse. A negative
 * one is gRPC's way to say "never".
 * @param attempt 1 for the first retry
 * @param random in [0, 1)
 */
export function planRetry(
  failure: FailureData,
  attempt: number,
  options: BackoffOptions,
  random: number,
): RetryDecision {
  if (!failure.retryable) return { giveUp: "" };
  const hint = Number.isFinite(failure.retryAfterMs) ? failure.retryAfterMs! : 0;
  if (hint < 0) return { giveUp: "The service wants not to be asked again." };
  if (hint > options.maxDelay) {
    const [asked, most] = [hint, options.maxDelay].map((time) => Math.ceil(time / 100) / 10);
    return { giveUp: `The service wants to be left alone for ${asked} s, and the limit here is ${most} s.` };
  }
  const delay = BUSY_CODES.has(failure.code) ? options.delay * 2 : options.delay;
  return { wait: Math.round(hint) + computeBackoff(attempt, { ...options, delay }, random) };
}
