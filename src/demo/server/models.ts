import { ApiError } from "../errors.js";

export const FAULTS = [
  "429",
  "500",
  "503",
  "drop",
  "stall",
  "malformed",
  "error",
  "empty",
  "html",
  "length",
] as const;

export type FaultKind = (typeof FAULTS)[number];

/** What goes wrong on purpose, and when. */
export interface Fault {
  readonly kind: FaultKind;
  /** Content chunks that go out before the fault, where it strikes within a stream. */
  readonly after: number;
  /** Requests in a row that are hit before one goes through; undefined: every request. */
  readonly times: number | undefined;
  /** Seconds that the client is told to wait; undefined: no hint. */
  readonly retryAfter: number | undefined;
}

/** A model id, understood. */
export interface ModelSpec {
  /** The id as the client sent it; answers carry it unchanged. */
  readonly id: string;
  /** Whether the answer is preceded by `reasoning_content`. */
  readonly reasons: boolean;
  /** Chunks per second, 0 for as fast as the socket takes them. */
  readonly pace: number;
  readonly fault: Fault | undefined;
}

interface Base {
  readonly reasons: boolean;
  pace(usual: number): number;
}

const BASES: ReadonlyMap<string, Base> = new Map([
  ["demo", { reasons: false, pace: (usual: number) => usual }],
  ["demo-reasoning", { reasons: true, pace: (usual: number) => usual }],
  ["demo-fast", { reasons: false, pace: (usual: number) => usual * 4 }],
  ["demo-slow", { reasons: false, pace: () => 4 }],
]);

/** The faults that an author most often wants to try, ready to be picked from a list of models. */
const READY_MADE = [
  "demo:fault=429&times=2&retry-after=1",
  "demo:fault=500&times=1",
  "demo:fault=drop&after=12",
  "demo:fault=stall&after=12",
  "demo:fault=malformed&after=12",
  "demo:fault=error&after=12",
];

/** Ids that `GET /v1/models` lists. */
export const MODEL_IDS: readonly string[] = [...BASES.keys(), ...READY_MADE];

interface NumberRule {
  readonly low: number;
  readonly high: number;
  readonly whole: boolean;
}

const NUMBERS: Readonly<Record<string, NumberRule>> = {
  pace: { low: 0, high: 100_000, whole: false },
  after: { low: 0, high: 1_000_000, whole: true },
  times: { low: 1, high: 1_000, whole: true },
  "retry-after": { low: 0, high: 3_600, whole: false },
};

const KEYS = ["pace", "fault", "after", "times", "retry-after"];
const DEFAULT_AFTER = 5;
const DEFAULT_RETRY_AFTER_SECONDS = 1;

/**
 * Reads a model id: `<base>`, or `<base>:<key>=<value>&<key>=<value>...`.
 *
 * @param usualPace the server's pace in chunks per second, 0 for unpaced.
 * @throws ApiError 404 `model_not_found` for an unknown base, 400 naming what is allowed for anything
 *   else; a demo that silently ignored a misspelt fault would prove a flow that was never tried.
 */
export function readModel(id: string, usualPace: number): ModelSpec {
  const colon = id.indexOf(":");
  const name = colon < 0 ? id : id.slice(0, colon);
  const base = BASES.get(name);
  if (!base) {
    throw new ApiError(
      404,
      `The model \`${id.slice(0, 200)}\` does not exist or you do not have access to it.`,
      {
        code: "model_not_found",
        param: "model",
      },
    );
  }
  const settings = colon < 0 ? new Map<string, string>() : readSettings(id.slice(colon + 1));
  const pace = numberOf(settings, "pace") ?? base.pace(usualPace);
  return { id, reasons: base.reasons, pace, fault: readFault(settings) };
}

function readSettings(text: string): Map<string, string> {
  const settings = new Map<string, string>();
  for (const pair of text.split("&")) {
    const equals = pair.indexOf("=");
    const key = equals < 0 ? pair : pair.slice(0, equals);
    if (!KEYS.includes(key)) {
      throw refused(`'${key.slice(0, 50)}' is no setting of a demo model. Allowed are: ${KEYS.join(", ")}.`);
    }
    if (settings.has(key)) throw refused(`'${key}' is given twice.`);
    settings.set(key, equals < 0 ? "" : pair.slice(equals + 1));
  }
  return settings;
}

function readFault(settings: ReadonlyMap<string, string>): Fault | undefined {
  const value = settings.get("fault");
  const after = numberOf(settings, "after");
  const times = numberOf(settings, "times");
  const retryAfter = numberOf(settings, "retry-after");
  if (value === undefined) {
    const stray = ["after", "times", "retry-after"].find((key) => settings.has(key));
    if (stray) throw refused(`'${stray}' says when a fault strikes, and needs a 'fault' beside it.`);
    return undefined;
  }
  const kind = FAULTS.find((fault) => fault === value);
  if (!kind) throw refused(`'${value.slice(0, 50)}' is no fault. Allowed are: ${FAULTS.join(", ")}.`);
  return {
    kind,
    after: after ?? DEFAULT_AFTER,
    times,
    retryAfter: retryAfter ?? (kind === "429" ? DEFAULT_RETRY_AFTER_SECONDS : undefined),
  };
}

function numberOf(settings: ReadonlyMap<string, string>, key: string): number | undefined {
  const text = settings.get(key);
  if (text === undefined) return undefined;
  const { low, high, whole } = NUMBERS[key]!;
  const value = /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= low && value <= high && (!whole || Number.isInteger(value))) return value;
  const kind = whole ? "a whole number" : "a number";
  throw refused(`'${key}' must be ${kind} from ${low} to ${high}, not '${text.slice(0, 50)}'.`);
}

function refused(message: string): ApiError {
  return new ApiError(400, `Invalid demo model: ${message}`, { code: "invalid_value", param: "model" });
}
