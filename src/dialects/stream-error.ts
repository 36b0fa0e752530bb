import { addAdvice } from "../core/errors/advice.js";
import { classify, type ErrorClues, isRetryable } from "../core/errors/classify.js";
import { readErrorClues } from "../core/errors/error-body.js";
import {
  findErrorField,
  findErrorMessage,
  findMessage,
  isMarkedAsFine,
  readFieldName,
} from "../core/errors/error-fields.js";
import { findError } from "../core/errors/find-error.js";
import { Failure, type FailureDetails } from "../core/failure.js";
import { isObject } from "../core/json/parse.js";
import { readRetryHint } from "../core/waits/retry-hint.js";

/** Anthropic's HTTP status for an overload. In a stream, which has begun with 200, only the word reports it. */
const OVERLOADED = { word: "overloaded_error", status: 529 };

const MAX_REQUEST_ID_CHARS = 200;

/** Names of events that report an error. Those of Responses (`response.failed`) are read by their own reader. */
const ERROR_EVENT = /^(?!response\.)(?:.{0,40}[._-])?(?:error|err|exception|failed|failure)$/i;

const getZero = () => 0;

/**
 * Reads an error that a service reports in a response that began with HTTP 200. It may be a record of its own or stand
 * beside a piece of the answer, with or without an event of that name; the forms are those of error bodies.
 * @param now gives milliseconds since 1970, for hints that are dates; default: 0, so that a date is far away
 * @returns undefined if the record reports no error
 */
export function readStreamError(
  record: unknown,
  event: string | undefined,
  now: () => number = getZero,
): Failure | undefined {
  const clues = readErrorClues(record, event !== undefined && ERROR_EVENT.test(event));
  return clues && createStreamFailure(record, clues, now);
}

/** Longest text in place of an answer that is read as an error. */
const MAX_TEXT_CHARS = 500;

/** Reads an error that is a plain text in place of an answer, such as "404 page not found"; undefined for any other text. */
export function readTextError(text: string): Failure | undefined {
  if (text.length > MAX_TEXT_CHARS || !/^[\w"]/.test(text)) return undefined;
  const failure = readStreamError(text, "error");
  return failure?.code === "server_error" ? undefined : failure;
}

/** Reads why Groq has stopped a stream early (groq-sdk 1.6, `ChatCompletionChunk.XGroq`). */
export function readGroqError(record: unknown, now?: () => number): Failure | undefined {
  const groq = isObject(record) ? record["x_groq"] : undefined;
  const error = isObject(groq) ? groq["error"] : undefined;
  return error ? readStreamError({ error }, undefined, now) : undefined;
}

/**
 * Takes the error out of a choice or candidate, where a service reports that the answer broke off (OpenRouter). It stands
 * beside the choice's delta or message, or inside of it.
 * @returns undefined if no choice has one
 */
export function takeChoiceError(record: unknown, now?: () => number): Failure | undefined {
  if (!isObject(record)) return undefined;
  const list = record["choices"] ?? record["candidates"];
  if (!Array.isArray(list)) return undefined;
  for (const choice of list) {
    if (!isObject(choice)) continue;
    for (const holder of [choice, choice["delta"], choice["message"]]) {
      if (!isObject(holder)) continue;
      const error =
        takeErrorField(holder) ??
        takeFlatError(holder) ??
        (holder === choice ? readFlatError(choice) : undefined);
      if (error !== undefined) return readStreamError({ error }, undefined, now);
    }
  }
  return undefined;
}

/** Takes an error out of its field, so that it is no part of the answer. */
function takeErrorField(holder: Record<string, unknown>): unknown {
  const error = findErrorField(holder);
  if (error === undefined) return undefined;
  for (const name in holder) if (holder[name] === error) delete holder[name];
  return error;
}

/** Reads a choice that is itself an error: it has a status or a mark of one, and words. */
function readFlatError(choice: Record<string, unknown>): unknown {
  const { delta: _delta, message, ...fields } = choice;
  const all: Record<string, unknown> = typeof message === "string" ? { ...fields, message } : fields;
  return findMessage(all) !== undefined && findError(all) ? all : undefined;
}

/** Takes an error in fields of its own (`error_msg`, `error_code`) out of what it stands in. */
function takeFlatError(holder: Record<string, unknown>): unknown {
  if (findErrorMessage(holder) === undefined || isMarkedAsFine(holder)) return undefined;
  const error: Record<string, unknown> = {};
  for (const name in holder) {
    const { isErrorOnly } = readFieldName(name);
    if (!isErrorOnly) continue;
    error[name] = holder[name];
    delete holder[name];
  }
  return error;
}

function createStreamFailure(record: unknown, clues: ErrorClues, now: () => number): Failure {
  const message = clues.message ?? "";
  const wait = readRetryHint({}, record, message, now());
  const code = classify({ ...clues, hasRetryHint: wait !== undefined });
  const details: FailureDetails = { retryable: isRetryable(code, clues.status) };
  if (clues.status !== undefined) details.status = clues.status;
  else if (clues.word === OVERLOADED.word) details.status = OVERLOADED.status;
  if (isObject(record) && typeof record["request_id"] === "string") {
    details.requestId = record["request_id"].slice(0, MAX_REQUEST_ID_CHARS);
  }
  if (wait !== undefined) details.retryAfterMs = Math.round(wait);
  return new Failure(
    code,
    addAdvice(`The service reported an error in the stream: ${message || "no details given"}`, code),
    details,
  );
}
