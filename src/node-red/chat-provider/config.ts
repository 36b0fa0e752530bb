import { checkOwnPrices, type OwnPrices } from "../../core/cost/own-prices.js";
import { Failure } from "../../core/failure.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, type Limits, type Timeouts } from "../../core/limits.js";
import type { ApiForm, Endpoint } from "../../providers/shared/endpoint.js";
import type { NodeConfig } from "../red/api.js";
import { readFleetTopic } from "../red/broker/mqtt-link.js";
import { readJsonObject, readNumber, readTextSetting, toTimerMs } from "../red/settings.js";

/** A chat-provider's properties in a flow file. Times are in seconds. */
export interface ProviderNodeConfig extends NodeConfig {
  provider: string;
  baseUrl?: string;
  /** The form in which the service is asked: `chat`, `responses`, or `""` for its better one. */
  api?: "" | ApiForm;
  allowInsecure?: boolean;
  tls?: string;
  /** Of provider `remote`: id of core's `mqtt-broker` node. */
  broker?: string;
  /** Of provider `remote`: the topic that front and workers share. */
  topic?: string;
  /** Of provider `remote`: a worker that says nothing for this long is given up. */
  silence?: number | string;
  proxy?: string;
  connectTimeout?: number | string;
  headersTimeout?: number | string;
  firstChunkTimeout?: number | string;
  idleTimeout?: number | string;
  progressTimeout?: number | string;
  totalTimeout?: number | string;
  maxConcurrent?: number | string;
  maxQueued?: number | string;
  /** Longest record (one SSE event), in KiB. */
  maxRecord?: number | string;
  tolerant?: boolean;
  /** Whether an end marker without a finish reason is no end of an answer. */
  needsFinishReason?: boolean;
  /** JSON text: names and values of headers that are not secret. */
  headers?: string;
  /** Settings that only the chosen service has, by name. */
  settings?: Record<string, unknown>;
  /** JSON text: the author's own prices, by model. */
  prices?: string;
  /** Chunks per second that the demo provider sends. */
  demoPace?: number | string;
  /** Whether streams are recorded into the cassette or replayed from it. `failures`: only those that fail are recorded. */
  record?: RecordMode;
  /** A file under the user directory. */
  cassette?: string;
  /** Whether a replay leaves out the pauses. */
  replayAtOnce?: boolean;
}

const RECORD_MODES = ["off", "record", "failures", "replay"] as const;

/** What a provider does with its cassette. */
type RecordMode = (typeof RECORD_MODES)[number];

/** The service of a provider that names none. */
export const DEFAULT_SERVICE = "demo";

/** @throws Failure `configuration` if the setting is no text */
export function readServiceId({ provider }: ProviderNodeConfig): string {
  return readTextSetting(provider, "service") || DEFAULT_SERVICE;
}

/** A chat-provider's credentials. */
export interface ProviderCredentials {
  apiKey?: string;
  /** JSON text: names and values of secret headers. */
  secretHeaders?: string;
}

/** The environment variables of a node. */
export interface Variables {
  /** Replaces variables in a text by their values. */
  fill(text: string): string;
  /** Finds the variable that the author has entered as the whole of a setting. */
  find?(property: string): string | undefined;
}

/** How many requests may run at once, and how many may wait in the queue. */
export interface Concurrency {
  maxConcurrent: number;
  maxQueued: number;
}

const DEFAULT_CONCURRENCY: Readonly<Concurrency> = Object.freeze({ maxConcurrent: 8, maxQueued: 100 });

/** A provider's settings, with the defaults filled in. */
export interface ProviderSettings extends Concurrency {
  endpoint: Partial<Endpoint>;
  timeouts: Timeouts;
  limits: Limits;
  /** Undefined if the author has none. */
  prices: OwnPrices | undefined;
  /** Chunks per second that the demo provider sends; 0: without pause. */
  demoPace: number;
  /** Of provider `remote`. */
  topic: string;
  /** Of provider `remote`, in milliseconds. */
  silenceMs: number;
  record: RecordMode;
  /** The cassette's file; `""` if there is none. */
  cassette: string;
  replayAtOnce: boolean;
}

/**
 * The timeouts that an author can set. The flow JSON has `headers` as `headersTimeout`, in seconds, and the dialog calls it
 * *First byte*; for the other labels, see `Timeouts`.
 */
const TIMEOUT_NAMES = ["connect", "headers", "firstChunk", "idle", "progress", "total"] as const;

const DEFAULT_DEMO_PACE = 30;
const DEFAULT_SILENCE_S = 5;

/** The largest record that a provider may allow. Larger pictures are beyond the limit of an answer. */
const MAX_RECORD_KIB = 64 * 1024;

/**
 * Reads the settings as editors (numbers as text) and hand-written flows have them.
 * @throws Failure `configuration` if a setting is not valid
 */
export function readProviderConfig(
  config: ProviderNodeConfig,
  credentials: ProviderCredentials,
  { fill, find = () => undefined }: Variables,
): ProviderSettings {
  const readText = (value: unknown, property: string, label: string) =>
    fill(readTextSetting(value, label, () => find(property))).trim();
  const baseUrl = readText(config.baseUrl, "baseUrl", "base URL");
  const apiKey = readText(credentials.apiKey, "apiKey", "API key");
  const timeouts: Timeouts = { ...DEFAULT_TIMEOUTS };
  for (const name of TIMEOUT_NAMES) {
    const setting = `${name}Timeout` as const;
    const seconds = readNumber(config[setting], `provider's setting ${setting}`, { above: 0 });
    if (seconds !== undefined) timeouts[name] = toTimerMs(seconds);
  }
  const readBound = (setting: "maxConcurrent" | "maxQueued" | "demoPace", min: number) =>
    readNumber(config[setting], `provider's setting ${setting}`, { min });
  const recordKiB = readNumber(config.maxRecord, "provider's setting maxRecord", {
    min: 1,
    max: MAX_RECORD_KIB,
  });
  const prices = readJsonObject(config.prices, "provider's own prices");
  return {
    endpoint: {
      ...(baseUrl ? { baseUrl } : {}),
      ...(config.api === undefined ? {} : { api: config.api }),
      ...(apiKey ? { apiKey } : {}),
      ...readHeaders(config, credentials, fill),
      ...(isObject(config.settings) ? { settings: fillTexts(config.settings, fill) } : {}),
    },
    timeouts,
    limits: { ...DEFAULT_LIMITS, ...(recordKiB === undefined ? {} : { record: recordKiB * 1024 }) },
    prices: prices && checkOwnPrices(prices),
    maxConcurrent: readBound("maxConcurrent", 1) ?? DEFAULT_CONCURRENCY.maxConcurrent,
    maxQueued: readBound("maxQueued", 0) ?? DEFAULT_CONCURRENCY.maxQueued,
    demoPace: readBound("demoPace", 0) ?? DEFAULT_DEMO_PACE,
    record: readRecordMode(config.record),
    cassette: readText(config.cassette, "cassette", "cassette"),
    replayAtOnce: config.replayAtOnce === true,
    topic: readFleetTopic(readText(config.topic, "topic", "topic")),
    silenceMs: toTimerMs(
      readNumber(config.silence, "provider's setting silence", { above: 0 }) ?? DEFAULT_SILENCE_S,
    ),
  };
}

/** Flows from before there were cassettes have none. */
function readRecordMode(mode: unknown): RecordMode {
  if (mode === undefined || mode === "") return "off";
  const known = RECORD_MODES.find((one) => one === mode);
  if (known) return known;
  throw new Failure(
    "configuration",
    `The provider’s setting record is not known. Set it to one of ${RECORD_MODES.join(", ")}.`,
  );
}

function readHeaders(
  config: ProviderNodeConfig,
  credentials: ProviderCredentials,
  fill: (text: string) => string,
): Pick<Endpoint, "headers" | "plainHeaders"> {
  const plain = parseHeaders(config.headers);
  const secret = parseHeaders(credentials.secretHeaders);
  const headers = fillTexts({ ...plain, ...secret }, fill);
  // A value from an environment variable counts as secret: errors and logs do not show it.
  const plainHeaders = Object.keys(plain).filter(
    (name) => headers[name] === plain[name] && !Object.hasOwn(secret, name),
  );
  return { headers, plainHeaders };
}

/** A variable in the place of all headers may be JSON already, and one in the place of a value a number. */
function parseHeaders(text: unknown): Record<string, string> {
  if (!text) return {};
  const headers = typeof text === "string" ? tryParseJson(text) : text;
  const isText = (value: unknown) => typeof value === "string" || typeof value === "number";
  if (isObject(headers) && Object.values(headers).every(isText))
    return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  throw new Failure(
    "configuration",
    "The headers of the provider are not a JSON object of texts. Correct them in the provider's dialog.",
  );
}

/** Replaces environment variables in all values that are text. */
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
