import { Failure } from "../../core/failure.js";
import type { NodeConfig } from "../red/api.js";
import { readChoice, readNumber, readTextSetting } from "../red/settings.js";
import type { BudgetWindow } from "./span.js";

export type BudgetUnit = "usd" | "tokens" | "requests";

/** A budget's properties in a flow file. */
export interface BudgetConfig extends NodeConfig {
  limit?: number | string;
  unit?: string;
  /** `hour`, `day`, `month`, or seconds. */
  window?: number | string;
  /** One account for each value of this typed input. */
  key?: string;
  keyType?: string;
  /** Percent of the limit. */
  warnAt?: number | string;
  /** Tokens that an answer may have, if the request does not limit it. */
  reserve?: number | string;
  /** The context store that keeps the accounts; empty: none. */
  store?: string;
}

/** A budget's settings, with the defaults filled in. */
export interface BudgetSettings {
  /** In whole units of the ledger. */
  limit: number;
  unit: BudgetUnit;
  window: BudgetWindow;
  key: string;
  keyType: string;
  /** Share of the limit, from 0 to 1. */
  warnAt: number;
  reserve: number;
  store: string;
}

/** Units of the ledger in one of the author's: money is counted in billionths of a US dollar. */
export const UNITS: Readonly<Record<BudgetUnit, number>> = { usd: 1e9, tokens: 1, requests: 1 };

const DEFAULT_WARN_PERCENT = 80;
const DEFAULT_RESERVE_TOKENS = 2000;

/** A millisecond, and about 30,000 years: the end of a longer window would be no date. */
const MIN_WINDOW_S = 0.001;
const MAX_WINDOW_S = 1e12;

/** @throws Failure `configuration` if a setting is not valid */
export function readBudgetSettings(config: BudgetConfig): BudgetSettings {
  const unit = readChoice(config.unit, "unit", ["usd", "tokens", "requests"] as const);
  const limit = readNumber(config.limit, "limit of the budget", { above: 0 });
  if (limit === undefined) {
    throw new Failure("configuration", "This budget has no limit. Enter one in the node's dialog.");
  }
  const percent = readNumber(config.warnAt, "share from which the budget is nearly used up", { min: 0 });
  return {
    limit: Math.min(Number.MAX_VALUE, Math.round(limit * UNITS[unit])),
    unit,
    window: readWindow(config.window),
    key: readTextSetting(config.key, "key of the budget"),
    keyType: readTextSetting(config.keyType, "type of the key of the budget") || "str",
    warnAt: (percent ?? DEFAULT_WARN_PERCENT) / 100,
    reserve:
      readNumber(config.reserve, "tokens to reserve for an answer", { min: 0 }) ?? DEFAULT_RESERVE_TOKENS,
    store: readTextSetting(config.store, "store of the budget"),
  };
}

function readWindow(value: unknown): BudgetWindow {
  const seconds = Number(value);
  if (seconds > 0 && Number.isFinite(seconds)) {
    return Math.min(MAX_WINDOW_S, Math.max(MIN_WINDOW_S, seconds));
  }
  return readChoice(value, "window", ["day", "hour", "month"] as const);
}
