import { isObject } from "../json/parse.js";
import { toFieldName } from "../vendor-word.js";

type Fields = Readonly<Record<string, unknown>>;

/** Names of fields with an error's words, in the form of `toFieldName()`, the best first. */
const WORDS: readonly string[] = [
  "message",
  "msg",
  "errormessage",
  "errormsg",
  "errmsg",
  "statusmessage",
  "statusmsg",
  "originalmessage",
  "detail",
  "details",
  "errordescription",
  "description",
  "title",
  "reason",
  "text",
  "info",
];

/** Names of fields with an error's code or type, in the form of `toFieldName()`. */
const CODES: readonly string[] = [
  "code",
  "type",
  "status",
  "errorcode",
  "errcode",
  "errortype",
  "statuscode",
  "httpstatus",
  "httpcode",
  "exceptiontype",
  "errorname",
  "errno",
  "retcode",
  "ret",
];

/** Names of fields that hold an error, in the form of `toFieldName()`. */
const ERRORS: readonly string[] = ["error", "errors", "err", "exception", "fault"];

/** Names of fields that hold an error or its words alone. */
const OBJECTS: readonly string[] = ["errormsg", "errorinfo", "errordetails", "errordata"];

/** Names of a field that tells whether something went well, in the form of `toFieldName()`. */
const SUCCESSES: readonly string[] = ["success", "ok", "succeeded", "issuccess"];

/** Names of a field that tells whether something went wrong. */
const FAILURES: readonly string[] = ["iserror", "haserror", "failed"];

/** How a result that is no error is marked. */
const FINE = /^(?:0*|[12]\d\d|ok|success\w{0,10}|none|null|normal|undefined|true)$/i;

/** Says that something went wrong. */
const WRONG = /^(?:error|err|fail|failed|failure|fatal|exception|aborted)$/i;

/** Names of fields that most records have, in every form. None of them belongs to an error alone. */
const ORDINARY: ReadonlySet<string> = new Set(
  "id object created model choices usage system_fingerprint service_tier obfuscation provider index delta finish_reason native_finish_reason logprobs stop_reason content role tool_calls function_call reasoning reasoning_content reasoning_details refusal annotations candidates usageMetadata modelVersion responseId sequence_number item_id output_index content_index content_block created_at done".split(
    " ",
  ),
);

const KNOWN: ReadonlySet<string> = new Set([
  ...WORDS,
  ...CODES,
  ...ERRORS,
  ...OBJECTS,
  ...SUCCESSES,
  ...FAILURES,
]);

/** Fields of the envelopes in which gateways put a result or its status, in the form of `toFieldName()`. */
export const ENVELOPES: ReadonlySet<string> = new Set([
  "baseresp",
  "header",
  "response",
  "result",
  "data",
  "meta",
  "body",
]);

/** How many names are remembered. */
const MAX_NAMES = 500;

/** Common forms of names that were read before. */
const forms = new Map<string, string>();

/** Brings a name into the form of `toFieldName()`. The same few names come with each record. */
export function toKnownName(name: string): string {
  let form = forms.get(name);
  if (form !== undefined) return form;
  form = toFieldName(name);
  if (forms.size >= MAX_NAMES) forms.clear();
  if (name.length <= 40) forms.set(name, form);
  return form;
}

/** Whether a record has a field that an error can have. Most records have none, and this is what most of them cost. */
export function mayBeError(fields: Fields): boolean {
  let count = 0;
  for (const name in fields) {
    if (++count > MAX_FIELDS) break;
    if (ORDINARY.has(name)) continue;
    const value = fields[name];
    if (name === "type" || name === "message") {
      if (typeof value === "string" && (name === "message" || isErrorType(value))) return true;
      continue;
    }
    const form = toKnownName(name);
    if (KNOWN.has(form) || ENVELOPES.has(form) || isExceptionName(name)) return true;
  }
  return isWrong(fields["object"]);
}

function isErrorType(type: string): boolean {
  return isWrong(type) || isExceptionName(type);
}

/** Whether a name is that of an exception, as AWS has them. */
export function isExceptionName(name: unknown): boolean {
  return typeof name === "string" && /\w(?:exception|error)$/i.test(name.slice(-20));
}

/** How many fields of a record are read. Errors have few. */
const MAX_FIELDS = 100;

/** Finds the first field that has one of these names. The order of the names counts. */
function findField(fields: Fields, names: readonly string[], fits: (value: unknown) => boolean): unknown {
  let best = names.length;
  let found: unknown;
  let count = 0;
  for (const name in fields) {
    if (++count > MAX_FIELDS) break;
    const rank = names.indexOf(toKnownName(name));
    if (rank === -1 || rank >= best || !fits(fields[name])) continue;
    best = rank;
    found = fields[name];
  }
  return found;
}

/** Whether the value of a field called `error` reports one. Some services send an empty one with each choice. */
export function isErrorValue(value: unknown): boolean {
  // A list of lists is no error. Following it could overflow the stack.
  if (Array.isArray(value)) return value.some((entry) => !Array.isArray(entry) && isErrorValue(entry));
  if (!isObject(value)) return value === true || (typeof value === "string" && value !== "");
  return Object.values(value).some(
    (member) => member !== null && member !== undefined && member !== "" && member !== 0 && member !== false,
  );
}

/** Finds the value of a field that holds an error: `error`, `errors`, `Error` … */
export function findErrorField(fields: Fields): unknown {
  return (
    findField(fields, ERRORS, isErrorValue) ??
    findField(fields, OBJECTS, (value) => isObject(value) && isErrorValue(value))
  );
}

/** Finds the words of an error. */
export function findWords(fields: Fields): unknown {
  return (
    findField(fields, WORDS, (value) => typeof value === "string" && value !== "") ??
    findField(fields, WORDS, (value) => typeof value === "object" && isErrorValue(value))
  );
}

/** Lists the codes and types of an error, those of the usual names first. */
export function listCodes(fields: Fields): unknown[] {
  const found: { rank: number; value: unknown }[] = [];
  let count = 0;
  for (const name in fields) {
    if (++count > MAX_FIELDS) break;
    const rank = CODES.indexOf(toKnownName(name));
    if (rank !== -1 && !isFine(fields[name])) found.push({ rank, value: fields[name] });
  }
  return found.sort((one, other) => one.rank - other.rank).map(({ value }) => value);
}

function isFine(value: unknown): boolean {
  if (value === null || value === undefined || typeof value === "boolean") return true;
  return (typeof value === "string" || typeof value === "number") && FINE.test(String(value).slice(0, 30));
}

/** Whether fields say in a word or a flag that they report an error. */
export function isMarkedAsError(fields: Fields): boolean {
  if (["object", "type", "status", "event", "state"].some((name) => isWrong(fields[name]))) return true;
  const isNo = (value: unknown) => value === false || value === "false";
  const isYes = (value: unknown) => value === true || value === "true";
  return findField(fields, SUCCESSES, isNo) !== undefined || findField(fields, FAILURES, isYes) !== undefined;
}

function isWrong(value: unknown): boolean {
  return typeof value === "string" && WRONG.test(value.slice(0, 30));
}

/** Turns a code into an HTTP status if it is a number from 400 to 599. */
export function toErrorStatus(code: unknown): number | undefined {
  const number = typeof code === "number" ? code : typeof code === "string" ? Number(code) : Number.NaN;
  return Number.isInteger(number) && number >= 400 && number < 600 ? number : undefined;
}
