import type { FailureData } from "./failure.js";

/** How long to wait between attempts, in milliseconds. */
export interface BackoffOptions {
  /** Upper bound of the first wait; doubles with each attempt. */
  delay: number;
  /** No wait is longer; a service that asks for more is not asked again. */
  maxDelay: number;
}

/** What follows from a failure: wait and ask again, or give up and say why. */
export type RetryDecision = { wait: number } | { giveUp: string };

/** A service that says it is busy gets twice the time of one that merely failed. */
const THROTTLED: ReadonlySet<string> = new Set(["rate_limit", "overloaded"]);

/**
 * Full jitter: anything between 0 and the doubled delay, so that a thousand flows that failed together do not
 * come back together.
 * @param attempt 1 for the first retry
 * @param random in [0, 1)
 */
export function backoff(attempt: number, options: BackoffOptions, random: number): number {
  return Math.round(random * Math.min(options.maxDelay, options.delay * 2 ** (attempt - 1)));
}

/**
 * What to do after a failure. The service's own hint comes first; one that is longer than the limit ends the
 * matter, since to knock earlier than asked makes things worse.
 * @param attempt 1 for the first retry
 */
export function decide(
  failure: FailureData,
  attempt: number,
  options: BackoffOptions,
  random: number,
): RetryDecision {
  if (!failure.retryable) return { giveUp: `“${failure.code}” cannot be mended by asking again.` };
  const hint = failure.retryAfterMs;
  if (hint !== undefined && hint < 0) return { giveUp: "The service asks not to be asked again." };
  const own = { ...options, delay: THROTTLED.has(failure.code) ? options.delay * 2 : options.delay };
  if (hint === undefined || !Number.isFinite(hint)) return { wait: backoff(attempt, own, random) };
  if (hint > options.maxDelay) {
    const asked = Math.ceil(hint / 1000);
    return {
      giveUp: `The service asks to wait ${asked} s, longer than the limit of ${options.maxDelay / 1000} s.`,
    };
  }
  // Those who were told the same moment come a little apart.
  return { wait: Math.round(hint + random * options.delay) };
}
