import type { FormName } from "../../serving/form.js";
import type { NodeConfig } from "../red/api.js";
import { readPositiveNumber, toTimerMs } from "../red/settings.js";

/** A chat-endpoint's properties in a flow file. */
export interface EndpointConfig extends NodeConfig {
  /** Where it stands, below the HTTP root of flows. Default: `/ai`. */
  path?: string;
  /** Whether anybody may ask, without a key. */
  open?: boolean;
  /** The forms in which it answers. Default: all. */
  forms?: unknown;
  /** Seconds for which an answer can be read again after its end. Default: 300. */
  keep?: number | string;
  /** Whether an answer goes on when nobody reads it. */
  goesOn?: boolean;
  /** Id of core's `mqtt-broker` node, at which it stands instead of a path. */
  broker?: string;
  /** The topic that fronts and workers share, at a broker. */
  topic?: string;
  /** Answers at once, at a broker. */
  maxCalls?: number | string;
  /** Origins of other web pages that may ask, separated by spaces, commas or lines. `*`: all. */
  origins?: string;
}

/** A chat-endpoint's credentials. */
export interface EndpointCredentials {
  /** A key a line, after the name of its owner if there is one: `Ada sk-123`. */
  keys?: string;
}

const DEFAULT_PATH = "/ai";

const DEFAULT_KEEP_S = 300;

/** As many as a chat-provider asks for at once. */
const DEFAULT_MAX_CALLS = 8;

/** All forms, in the order of the dialog. */
const FORM_NAMES: readonly FormName[] = ["chat", "responses", "ollama", "ui", "ag-ui", "events"];

/** Reads the path: it begins with a slash, and does not end with one. */
export function readPath(config: EndpointConfig): string {
  const segments = (config.path || DEFAULT_PATH).split("/").filter((segment) => segment !== "");
  return segments.map((segment) => `/${segment}`).join("");
}

/** @returns how many answers a worker gives at once */
export function readMaxCalls({ maxCalls }: EndpointConfig): number {
  return Math.max(1, Math.floor(readPositiveNumber(maxCalls, DEFAULT_MAX_CALLS)));
}

/** Reads the forms. Names that are unknown here are left out. */
export function readForms({ forms }: EndpointConfig): ReadonlySet<FormName> {
  if (!Array.isArray(forms)) return new Set(FORM_NAMES);
  return new Set(FORM_NAMES.filter((name) => (forms as unknown[]).includes(name)));
}

/** @returns milliseconds; 0 if answers are not kept */
export function readKeep({ keep }: EndpointConfig): number {
  const seconds = keep === undefined || keep === "" ? DEFAULT_KEEP_S : Number(keep);
  return seconds === 0 ? 0 : toTimerMs(readPositiveNumber(keep, DEFAULT_KEEP_S));
}
