import { isObject } from "../../core/json/parse.js";
import type { NodeConfig } from "../red/api.js";
import { readPositiveNumber, toTimerMs } from "../red/settings.js";

/** A chat-in's properties in a flow file. */
export interface ChatInConfig extends NodeConfig {
  /** Id of the chat-endpoint. */
  endpoint?: string;
  /** `{name, model?}` each, or only the name. */
  models?: unknown;
  /** Seconds without a message of the flow after which an answer fails. */
  timeout?: number | string;
}

/** A name under which a flow answers. */
export interface ModelName {
  name: string;
  /** The model to ask (`msg.model`); `""` leaves it to the chat-stream. */
  model: string;
}

const DEFAULT_TIMEOUT_S = 600;

/** Name of a flow whose chat-in names none. */
const DEFAULT_NAME = "my-flow";

/** Reads the names in their order; of one that comes twice, the first. */
export function readServedNames({ models = DEFAULT_NAME }: ChatInConfig): ModelName[] {
  const names = new Map<string, ModelName>();
  for (const entry of Array.isArray(models) ? (models as unknown[]) : [models]) {
    const row = isObject(entry) ? entry : { name: entry };
    const [name, model] = [row["name"], row["model"]].map((value) =>
      typeof value === "string" ? value.trim() : "",
    ) as [string, string];
    if (name !== "" && !names.has(name)) names.set(name, { name, model });
  }
  return [...names.values()];
}

/** @returns milliseconds */
export function readTimeout({ timeout }: ChatInConfig): number {
  return toTimerMs(readPositiveNumber(timeout, DEFAULT_TIMEOUT_S));
}
