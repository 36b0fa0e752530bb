import type { FailureData } from "../../core/failure.js";
import { isObject, isWithinDepth, tryParseJson } from "../../core/json/parse.js";

/**
 * What a front of a fleet sends over the broker: a JSON text for each message. `call` names one attempt of a request: if the
 * front sends the request to another worker, the attempt gets a new name.
 */
export type FrontFrame =
  /** `body` is a request in the form of Chat Completions, as JSON text. */
  | { type: "request"; call: string; front: string; model: string; body: string }
  /** Nobody reads the answer any more. */
  | { type: "cancel"; call: string }
  /** The front is alive. Sent only while it waits for answers. */
  | { type: "alive"; front: string }
  /** Asks all workers for their names and models. */
  | { type: "who"; call: string; front: string };

/** Why a worker does not take a request. */
export type RefusalReason = "full" | "model";

/** What a worker of a fleet sends over the broker: a JSON text for each message. */
export type WorkerFrame =
  | { type: "accepted"; call: string; worker: string }
  /** `models` are the names that the worker answers under. */
  | { type: "refused"; call: string; worker: string; reason: RefusalReason; models: string[] }
  /** The next piece of the answer: Chat Completions as server-sent events. Pieces are numbered from 0. */
  | { type: "piece"; call: string; worker: string; number: number; text: string }
  /** Follows the last piece. `failure` is set if the answer is not whole. */
  | { type: "end"; call: string; worker: string; number: number; failure?: FailureData }
  /** The worker still works on these calls. */
  | { type: "working"; worker: string; calls: string[] }
  /** A worker that was full can take `count` requests again. */
  | { type: "free"; worker: string; count: number }
  /** Answers `who`. */
  | { type: "here"; call: string; worker: string; models: string[] };

/** How deeply the JSON of a frame may nest. */
const MAX_DEPTH = 4;

/** Checks one field of a frame. */
type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
/** Ids become parts of topics. */
const isId: Check = (value) => typeof value === "string" && /^[\w:-]{1,100}$/.test(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isTextList: Check = (value) => Array.isArray(value) && value.every(isText);
const isFailure: Check = (value) =>
  value === undefined || (isObject(value) && isText(value["code"]) && isText(value["message"]));

const FRONT_FIELDS: Readonly<Record<FrontFrame["type"], Readonly<Record<string, Check>>>> = {
  request: { call: isId, front: isId, model: isText, body: isText },
  cancel: { call: isId },
  alive: { front: isId },
  who: { call: isId, front: isId },
};

const WORKER_FIELDS: Readonly<Record<WorkerFrame["type"], Readonly<Record<string, Check>>>> = {
  accepted: { call: isId, worker: isId },
  refused: {
    call: isId,
    worker: isId,
    reason: (value) => value === "full" || value === "model",
    models: isTextList,
  },
  piece: { call: isId, worker: isId, number: isCount, text: isText },
  end: { call: isId, worker: isId, number: isCount, failure: isFailure },
  working: { worker: isId, calls: isTextList },
  free: { worker: isId, count: isCount },
  here: { call: isId, worker: isId, models: isTextList },
};

/** Reads a frame of a front. @returns undefined if the text is not one */
export function readFrontFrame(text: string): FrontFrame | undefined {
  return readFrame<FrontFrame>(text, FRONT_FIELDS);
}

/** Reads a frame of a worker. @returns undefined if the text is not one */
export function readWorkerFrame(text: string): WorkerFrame | undefined {
  return readFrame<WorkerFrame>(text, WORKER_FIELDS);
}

function readFrame<F extends { type: string }>(
  text: string,
  fields: Readonly<Record<F["type"], Readonly<Record<string, Check>>>>,
): F | undefined {
  const value = tryParseJson(text);
  if (!isObject(value) || !isWithinDepth(value, MAX_DEPTH)) return undefined;
  const { type } = value;
  if (typeof type !== "string" || !Object.hasOwn(fields, type)) return undefined;
  const checks = Object.entries(fields[type as F["type"]]) as [string, Check][];
  return checks.every(([name, check]) => check(value[name])) ? (value as unknown as F) : undefined;
}
