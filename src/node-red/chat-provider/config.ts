import { Failure } from "../../core/failure.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, type Limits, type Timeouts } from "../../core/limits.js";
import type { Endpoint } from "../../providers/shared/endpoint.js";
import type { NodeConfig } from "../red/api.js";

/** A chat-provider as it stands in a flow file. Times in seconds. */
export interface ProviderNodeConfig extends NodeConfig {
  provider: string;
  baseUrl?: string;
  allowInsecure?: boolean;
  tls?: string;
  proxy?: string;
  connectTimeout?: number | string;
  headersTimeout?: number | string;
  firstChunkTimeout?: number | string;
  idleTimeout?: number | string;
  progressTimeout?: number | string;
  totalTimeout?: number | string;
  maxConcurrent?: number | string;
  maxQueued?: number | string;
  /** KiB of one record. */
  maxRecord?: number | string;
  tolerant?: boolean;
  /** JSON text: header names and values that are no secret. */
  headers?: string;
  /** Those of the chosen service alone, by name. */
  settings?: Record<string, unknown>;
  /** Chunks per second of the demo provider. */
  demoPace?: number | string;
}

export interface ProviderCredentials {
  apiKey?: string;
  /** JSON text: header names and secret values. */
  secretHeaders?: string;
}

/** Most streams at once, and most that wait for one of them to end. */
export interface Concurrency {
  maxConcurrent: number;
  maxQueued: number;
}

export const DEFAULT_CONCURRENCY: Readonly<Concurrency> = Object.freeze({ maxConcurrent: 8, maxQueued: 100 });

/** A configuration read from texts and numbers as editors and hand-written flows have them. */
export interface ProviderSettings extends Concurrency {
  endpoint: Partial<Endpoint>;
  timeouts: Timeouts;
  limits: Limits;
  demoPace: number;
}

/** Which setting holds which timeout. */
const TIMEOUT_SETTINGS: readonly (readonly [keyof ProviderNodeConfig, keyof Timeouts])[] = [
  ["connectTimeout", "connect"],
  ["headersTimeout", "headers"],
  ["firstChunkTimeout", "firstChunk"],
  ["idleTimeout", "idle"],
  ["progressTimeout", "progress"],
  ["totalTimeout", "total"],
];

const DEFAULT_DEMO_PACE = 30;

/**
 * @param fill puts the values of environment variables into a text
 * @throws Failure `configuration` that names the setting
 */
export function readProviderConfig(
  config: ProviderNodeConfig,
  credentials: ProviderCredentials,
  fill: (text: string) => string,
): ProviderSettings {
  const timeouts: Timeouts = { ...DEFAULT_TIMEOUTS };
  for (const [setting, name] of TIMEOUT_SETTINGS) {
    timeouts[name] = number(config[setting], timeouts[name] / 1000, setting, (value) => value > 0) * 1000;
  }
  return {
    endpoint: {
      ...(config.baseUrl ? { baseUrl: fill(config.baseUrl).trim() } : {}),
      ...(credentials.apiKey ? { apiKey: fill(credentials.apiKey).trim() } : {}),
      ...readHeaders(config, credentials, fill),
      ...(isObject(config.settings) ? { settings: fillTexts(config.settings, fill) } : {}),
    },
    timeouts,
    limits: {
      ...DEFAULT_LIMITS,
      record:
        number(config.maxRecord, DEFAULT_LIMITS.record / 1024, "maxRecord", (value) => value >= 1) * 1024,
    },
    maxConcurrent: number(
      config.maxConcurrent,
      DEFAULT_CONCURRENCY.maxConcurrent,
      "maxConcurrent",
      (value) => value >= 1,
    ),
    maxQueued: number(config.maxQueued, DEFAULT_CONCURRENCY.maxQueued, "maxQueued", (value) => value >= 0),
    demoPace: number(config.demoPace, DEFAULT_DEMO_PACE, "demoPace", (value) => value >= 0),
  };
}

function number(
  value: unknown,
  otherwise: number,
  setting: string,
  fits: (value: number) => boolean,
): number {
  if (value === undefined || value === null || value === "") return otherwise;
  const result = Number(value);
  if (!Number.isFinite(result) || !fits(result)) {
    throw new Failure("configuration", `The provider's setting ${setting} has a value that cannot be used.`);
  }
  return result;
}

function readHeaders(
  config: ProviderNodeConfig,
  credentials: ProviderCredentials,
  fill: (text: string) => string,
): Pick<Endpoint, "headers" | "plainHeaders"> {
  const plain = parseHeaders(config.headers);
  const secret = parseHeaders(credentials.secretHeaders);
  const headers = fillTexts({ ...plain, ...secret }, fill);
  // Who takes a value from a variable does not want to have it read where the others are.
  const plainHeaders = Object.keys(plain).filter(
    (name) => headers[name] === plain[name] && !Object.hasOwn(secret, name),
  );
  return { headers, plainHeaders };
}

function parseHeaders(text: string | undefined): Record<string, string> {
  if (!text) return {};
  const headers = tryParseJson(text);
  if (!isObject(headers) || !Object.values(headers).every((value) => typeof value === "string")) {
    throw new Failure("configuration", "The provider's extra headers are not a JSON object of texts.");
  }
  return headers as Record<string, string>;
}

function fillTexts<T>(
  values: Readonly<Record<string, T>>,
  fill: (text: string) => string,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === "string" ? (fill(value) as T & string) : value,
    ]),
  );
}
