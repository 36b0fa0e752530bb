import type { BackoffOptions } from "../../core/retry/backoff.js";
import type { ContinuationStyle } from "../../core/retry/continuation.js";
import type { RouteName } from "../messages/ask-tags.js";
import type { Message, NodeConfig } from "../red/api.js";

/** A retry node as it stands in a flow file. */
export interface RetryConfig extends NodeConfig {
  /** Requests by one output, the first included. */
  attempts?: number | string;
  /** Milliseconds. */
  delay?: number | string;
  maxDelay?: number | string;
  /** `fixed`: exactly the doubled delay. `random`, the default: a random part of it. */
  waits?: string;
  /** What to do if the reader has text already. */
  afterText?: string;
  continueBy?: string;
}

/** What an author sets, with the defaults filled in. */
export interface RetrySettings extends BackoffOptions {
  attempts: number;
  afterText: "continue" | "restart" | "stop";
  continueBy: "auto" | ContinuationStyle;
}

/** The outputs by which requests leave, from 0. */
export const OUTPUT: Readonly<Record<RouteName, number>> = { again: 1, fallback: 2 };

/** @returns a message at the output of a route; of both routes without one */
export function toOutputs(message: Message, route?: RouteName): (Message | null)[] {
  return [null, route === "fallback" ? null : message, route === "again" ? null : message];
}

/** The longest wait that may be set: one day. No timer can wait for a month. */
const MAX_WAIT_MS = 86_400_000;

export function readRetrySettings(config: RetryConfig): RetrySettings {
  return {
    attempts: Math.max(1, Math.trunc(readNumberFromZero(config.attempts, 3))),
    delay: readNumberFromZero(config.delay, 500),
    maxDelay: Math.min(MAX_WAIT_MS, readNumberFromZero(config.maxDelay, 20_000)),
    isFixed: config.waits === "fixed",
    afterText: readChoice(config.afterText, ["continue", "restart", "stop"]),
    continueBy: readChoice(config.continueBy, ["auto", "prefill", "quote"]),
  };
}

function readNumberFromZero(value: number | string | undefined, otherwise: number): number {
  const number = value === "" ? Number.NaN : Number(value);
  return Number.isFinite(number) && number >= 0 ? number : otherwise;
}

/** A value that the editor does not offer counts as the first choice, the default. */
function readChoice<T extends string>(value: string | undefined, choices: readonly [T, ...T[]]): T {
  return choices.find((one) => one === value) ?? choices[0];
}
