import type { BackoffOptions } from "../../core/retry/backoff.js";
import type { ContinuationStyle } from "../../core/retry/continuation.js";
import type { NodeConfig } from "../red/api.js";

/** A retry node as it stands in a flow file. */
export interface RetryConfig extends NodeConfig {
  /** Requests by one output, the first included. */
  attempts?: number | string;
  /** Milliseconds. */
  delay?: number | string;
  maxDelay?: number | string;
  /** What to do where the reader has text already. */
  afterText?: string;
  continueBy?: string;
}

/** What an author sets, with the defaults filled in. */
export interface RetrySettings extends BackoffOptions {
  attempts: number;
  afterText: "continue" | "restart" | "stop";
  continueBy: "auto" | ContinuationStyle;
}

/** The longest wait that may be set: one day, in milliseconds. No timer can wait for a month. */
const LONGEST_WAIT = 86_400_000;

export function settingsOf(config: RetryConfig): RetrySettings {
  return {
    attempts: Math.max(1, Math.trunc(setting(config.attempts, 3))),
    delay: setting(config.delay, 500),
    maxDelay: Math.min(LONGEST_WAIT, setting(config.maxDelay, 20_000)),
    afterText: choice(config.afterText, ["continue", "restart", "stop"]),
    continueBy: choice(config.continueBy, ["auto", "prefill", "quote"]),
  };
}

function setting(value: number | string | undefined, otherwise: number): number {
  const number = value === "" ? Number.NaN : Number(value);
  return Number.isFinite(number) && number >= 0 ? number : otherwise;
}

/** What no editor offers is none of the choices: then it is the first, the default. */
function choice<T extends string>(value: string | undefined, choices: readonly [T, ...T[]]): T {
  return choices.find((one) => one === value) ?? choices[0];
}
