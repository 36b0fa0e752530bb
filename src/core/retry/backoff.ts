import type { FailureData } from "../failure.js";

/** How long to wait between attempts. */
export interface BackoffOptions {
  /** Milliseconds: the longest first wait. It doubles with each attempt. */
  delay: number;
  /** Milliseconds: the longest wait. If a service asks for more, there is no retry. */
  maxDelay: number;
  /** Whether each wait is exactly the doubled delay, such as 1, 2 and 4 s. Default: a random part of it. */
  isFixed?: boolean;
}

/**
 * What to do after a failure: wait some milliseconds and retry, or give up. `giveUp` is a sentence that says why, or `""`
 * if the failure says it already.
 */
export type RetryDecision = { wait: number } | { giveUp: string };

/** Codes of a busy service, which gets twice as much time as one that failed. */
const BUSY_CODES: ReadonlySet<string> = new Set(["rate_limit", "overloaded"]);

/** Keeps the doubled delay finite. No limit allows as many doublings. */
const MAX_DOUBLINGS = 30;

/**
 * Computes a wait. Unless waits are fixed, it has full jitter: anything between 0 and the doubled delay, so that a
 * thousand flows that failed together do not retry together.
 * @param attempt 1 for the first retry
 * @param random in [0, 1)
 * @returns milliseconds
 */
export function computeBackoff(
  attempt: number,
  { delay, maxDelay, isFixed = false }: BackoffOptions,
  random: number,
): number {
  const longest = Math.min(maxDelay, delay * 2 ** Math.min(attempt - 1, MAX_DOUBLINGS));
  return Math.round(isFixed ? longest : random * longest);
}

/**
 * Decides what to do after a failure. The wait is the service's hint plus a backoff, because other clients got the same
 * hint. A hint beyond the limit means giving up, because retrying sooner than asked makes things worse. A negative hint
 * is gRPC's way to say "never".
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
  if (hint < 0) return { giveUp: "The service asked not to be retried." };
  if (hint > options.maxDelay) {
    const [hintSeconds, limitSeconds] = [hint, options.maxDelay].map((time) => Math.ceil(time / 100) / 10);
    return { giveUp: `The service asked to wait ${hintSeconds} s; the limit here is ${limitSeconds} s.` };
  }
  const isSlower = BUSY_CODES.has(failure.code) && !options.isFixed;
  const delay = isSlower ? options.delay * 2 : options.delay;
  return { wait: Math.round(hint) + computeBackoff(attempt, { ...options, delay }, random) };
}
