import { isObject } from "../json/parse.js";
import { findCodeByWord, toErrorStatus } from "./code-words.js";
import {
  findErrorField,
  findErrorMessage,
  findMessage,
  isExceptionName,
  isMarkedAsError,
  isMarkedAsFine,
  listCodes,
  mayBeError,
  readFieldName,
} from "./error-fields.js";
import { findCodeBySentence } from "./sentences.js";

type Fields = Readonly<Record<string, unknown>>;

/** An error that was found in a body or record. */
export interface FoundError {
  error: unknown;
  /** The object around the error, which may have further codes or a message. */
  parent: Fields;
}

/** How deeply envelopes may nest. */
const MAX_ENVELOPES = 3;

/** Fields of a record that have a piece of an answer. */
const ANSWERS = ["choices", "candidates", "delta", "content", "output", "message", "response", "usage"];

/**
 * Finds an error in a body or record that may also be an answer. It may be in a field of its own, in an envelope, or be the
 * record itself: with a mark that it is one, or with a code and a message and no answer.
 */
export function findError(value: unknown, depth: number = MAX_ENVELOPES): FoundError | undefined {
  if (Array.isArray(value)) {
    const found = value
      .slice(0, MAX_ENVELOPES)
      .map((entry) => isObject(entry) && findError(entry, depth - 1));
    return found.find((entry) => entry !== undefined && entry !== false) || undefined;
  }
  if (!isObject(value) || !mayBeError(value)) return undefined;
  const error = findErrorField(value);
  if (error !== undefined) return { error, parent: value };
  // A record of nothing but an error is one, even if that is empty.
  if (isEmptyError(value)) return { error: value["error"], parent: value };
  if (isMarkedAsError(value)) return { error: value, parent: value };
  // Beside choices, `detail` is a vendor field of an answer.
  const detail = value["detail"];
  if (detail && !Array.isArray(value["choices"]))
    return { error: isObject(detail) ? detail : value, parent: value };
  if (isException(value)) return { error: value, parent: value };
  return findInEnvelope(value, depth) ?? findInFields(value);
}

function isEmptyError(value: Fields): boolean {
  const { error } = value;
  return isObject(error) && Object.keys(error).length === 0 && Object.keys(value).length === 1;
}

/** Whether a record is an exception of AWS: its only field, `__type` or type ends in "Exception" or "Error". */
function isException(value: Fields): boolean {
  const types = [value["__type"], value["exceptionType"], value["type"]];
  return types.some(isExceptionName) && typeof findMessage(value) === "string";
}

function findInEnvelope(value: Fields, depth: number): FoundError | undefined {
  // The records of other dialects have a type, and their errors are read there.
  if (depth <= 0 || typeof value["type"] === "string" || hasAnswer(value, ["choices", "candidates"]))
    return undefined;
  for (const name of Object.keys(value).slice(0, 20)) {
    const inner = value[name];
    if (!isObject(inner)) continue;
    if (isExceptionName(name)) return { error: { code: name, ...inner }, parent: value };
    if (!readFieldName(name).isEnvelope) continue;
    const found = findError(inner, depth - 1);
    if (found) return found;
  }
  return undefined;
}

/** Finds an error in a record without a mark: it has a code and a message and no answer, or a message of an error alone. */
function findInFields(value: Fields): FoundError | undefined {
  const message = findMessage(value);
  if (typeof message !== "string") return undefined;
  const found = { error: value, parent: value };
  const codes = listCodes(value).filter((code) => typeof code === "string" || typeof code === "number");
  if (codes.some((code) => toErrorStatus(code) !== undefined)) return found;
  if (findErrorMessage(value) !== undefined && !isMarkedAsFine(value)) return found;
  if (typeof value["type"] === "string" || typeof value["object"] === "string") return undefined;
  if (hasAnswer(value, ANSWERS) || /^(?:ok|success)/i.test(message)) return undefined;
  const isError = codes.some(isErrorCode) || (Object.keys(value).length <= 4 && tellsError(message));
  return isError ? found : undefined;
}

/** Whether a code can only be an error's: a number, or a word that is known as one. A status such as `queued` is not one. */
function isErrorCode(code: unknown): boolean {
  if (typeof code !== "string") return true;
  return (
    /^[\w.]{0,20}\d{3,}$|^e\d{1,5}$/i.test(code) ||
    findCodeByWord(code) !== undefined ||
    /err|fail|invalid|denied/i.test(code)
  );
}

function tellsError(message: string): boolean {
  const text = message.slice(0, 300);
  const code = findCodeBySentence(text, false);
  // A service may also say that it is busy while it goes on.
  return (
    (code !== undefined && code !== "overloaded") ||
    /\b(?:errors?|failed|failure|unable|cannot|can't|could not|invalid|denied|refused|rejected|unavailable|exception)\b/i.test(
      text,
    )
  );
}

function hasAnswer(value: Fields, names: readonly string[]): boolean {
  return names.some((name) => {
    const field = value[name];
    if (Array.isArray(field)) return field.length > 0;
    return isObject(field) || (typeof field === "string" && field !== "" && name !== "message");
  });
}
