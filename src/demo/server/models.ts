import { DemoError } from "../errors.js";

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

/** What goes wrong on purpose, and when. */
export interface Fault {
  readonly kind: (typeof FAULTS)[number];
  /** Content chunks before a fault inside a stream. */
  readonly after: number;
  /** Requests in a row that fail before one succeeds; undefined: all fail. */
  readonly times: number | undefined;
  /** Seconds of the Retry-After header; undefined: no header. */
  readonly retryAfter: number | undefined;
}

export interface DemoModel {
  /** The id as the client sent it; answers repeat it unchanged. */
  readonly id: string;
  /** Whether `reasoning_content` comes before the answer. */
  readonly reasons: boolean;
  /** Chunks per second; 0: as fast as the socket takes them. */
  readonly pace: number;
  readonly fault: Fault | undefined;
}

const BASES = ["demo", "demo-reasoning", "demo-fast", "demo-slow"];

/** The ids that `GET /v1/models` lists: the bases, and the faults that authors try most often. */
export const MODEL_IDS: readonly string[] = [
  ...BASES,
  "demo:fault=429&times=2&retry-after=1",
  "demo:fault=500&times=1",
  "demo:fault=drop&after=12",
  "demo:fault=stall&after=12",
  "demo:fault=malformed&after=12",
  "demo:fault=error&after=12",
];

const SLOW_PACE = 4;
const DEFAULT_AFTER = 5;
const DEFAULT_RETRY_AFTER_S = 1;
const KEYS = ["pace", "fault", "after", "times", "retry-after"];

/**
 * Reads a model id: `<base>`, or `<base>:<key>=<value>&<key>=<value>…`. Nothing wrong is ignored: an author who
 * misspells a fault would otherwise believe that the flow copes with it.
 *
 * @param serverPace the server's pace, chunks per second
 * @throws DemoError 404 `model_not_found` for an unknown base, 400 for a wrong setting
 */
export function readModel(id: string, serverPace: number): DemoModel {
  const [base = "", ...rest] = id.split(":");
  if (!BASES.includes(base)) {
    const message = `The model \`${id.slice(0, 200)}\` does not exist or you do not have access to it.`;
    throw new DemoError(404, message, { code: "model_not_found", param: "model" });
  }
  const settings = rest.length > 0 ? readSettings(rest.join(":")) : new Map<string, string>();
  const basePace = base === "demo-slow" ? SLOW_PACE : base === "demo-fast" ? serverPace * 4 : serverPace;
  const pace = readNumber(settings, "pace", 0, 100_000) ?? basePace;
  return { id, reasons: base === "demo-reasoning", pace, fault: readFault(settings) };
}

function readSettings(text: string): Map<string, string> {
  const settings = new Map<string, string>();
  for (const pair of text.split("&")) {
    const [key = "", ...value] = pair.split("=");
    if (!KEYS.includes(key)) {
      throw refuseModel(`'${key.slice(0, 50)}' is not a setting. Allowed are: ${KEYS.join(", ")}.`);
    }
    if (settings.has(key)) throw refuseModel(`'${key}' is set twice.`);
    settings.set(key, value.join("="));
  }
  return settings;
}

function readFault(settings: ReadonlyMap<string, string>): Fault | undefined {
  const name = settings.get("fault");
  const after = readNumber(settings, "after", 0, 1_000_000, true) ?? DEFAULT_AFTER;
  const times = readNumber(settings, "times", 1, 1_000, true);
  const retryAfter = readNumber(settings, "retry-after", 0, 3_600);
  if (name === undefined) {
    const stray = KEYS.slice(2).find((key) => settings.has(key));
    if (stray) throw refuseModel(`'${stray}' says when a fault happens, so it needs a 'fault' beside it.`);
    return undefined;
  }
  const kind = FAULTS.find((fault) => fault === name);
  if (!kind) throw refuseModel(`'${name.slice(0, 50)}' is not a fault. Allowed are: ${FAULTS.join(", ")}.`);
  return {
    kind,
    after,
    times,
    retryAfter: retryAfter ?? (kind === "429" ? DEFAULT_RETRY_AFTER_S : undefined),
  };
}

function readNumber(
  settings: ReadonlyMap<string, string>,
  key: string,
  min: number,
  max: number,
  isWhole = false,
): number | undefined {
  const text = settings.get(key);
  if (text === undefined) return undefined;
  const value = /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max && (!isWhole || Number.isInteger(value))) return value;
  const kind = isWhole ? "a whole number" : "a number";
  throw refuseModel(`'${key}' must be ${kind} from ${min} to ${max}, not '${text.slice(0, 50)}'.`);
}

function refuseModel(problem: string): DemoError {
  return new DemoError(400, `Invalid demo model: ${problem}`, { code: "invalid_value", param: "model" });
}
