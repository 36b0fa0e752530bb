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
  "rc",
];

/** Further names of such fields, as services make them: `resultMsg`, `ret_message`, `faultstring`. */
const MADE_WORDS =
  /^(?:err|error|ret|return|result|resp|response|res|fault|failure|fail|exception|inner|sub|biz)(?:msg|message|desc|description|string|text|reason|detail|details)$/;

const MADE_CODES =
  /^(?:err|error|ret|return|result|resp|response|res|fault|failure|fail|exception|inner|sub|biz)(?:code|no|num|status)$/;

/** Names that say by themselves that the words in them are an error's. */
const ERROR_WORDS =
  /^(?:err|error|fault|failure|fail|exception)(?:msg|message|desc|description|string|text|reason|info)$/;

const ERROR_CODES = /^(?:err|error|fault|failure|fail|exception)(?:code|no|num|type|name|status)$/;

/** Names of fields that hold an error, in the form of `toFieldName()`. */
const ERRORS: readonly string[] = ["error", "errors", "err", "exception", "fault", "failure", "failures"];

/** Names of fields that hold an error or its words alone. */
const OBJECTS: readonly string[] = [
  "errormsg",
  "errormessage",
  "errorinfo",
  "errordetails",
  "errordata",
  "problem",
];

/** Names of a field that tells whether something went well, in the form of `toFieldName()`. */
const SUCCESSES: readonly string[] = ["success", "ok", "succeeded", "issuccess"];

/** Names of a field that tells whether something went wrong. */
const FAILURES: readonly string[] = ["iserror", "haserror", "failed"];

/** How a result that is no error is marked. */
const FINE = /^(?:0*|no ?errors?|[12]\d\d|ok|success\w{0,10}|none|null|normal|undefined|true)$/i;

/** Says that something went wrong. */
const WRONG = /^(?:error|err|fail|failed|failure|fatal|exception|aborted)$/i;

/** Names of fields that most records have, in every form. None of them belongs to an error alone. */
const ORDINARY: ReadonlySet<string> = new Set(
  "id object created model choices usage system_fingerprint service_tier obfuscation provider index delta finish_reason native_finish_reason logprobs stop_reason content role tool_calls function_call reasoning reasoning_content reasoning_details refusal annotations candidates usageMetadata modelVersion responseId sequence_number item_id output_index content_index content_block created_at done".split(
    " ",
  ),
);

const OTHERS: ReadonlySet<string> = new Set([
  ...ERRORS,
  ...OBJECTS,
  ...SUCCESSES,
  ...FAILURES,
  "outcome",
  "level",
]);

/** Names of the envelopes in which gateways put a result or its status, in the form of `toFieldName()`. */
const ENVELOPE =
  /^(?:(?:base|common)?(?:resp|response|result)(?:header|head|meta|metadata|status|info)?|header|head|meta|status|data|body|payload)$/;

/** What a field's name says of an error. */
interface NamedField {
  /** The form of `toFieldName()`. */
  form: string;
  /** How good the words in it are; 0 is best, -1 none. */
  words: number;
  /** The same for a code. */
  codes: number;
  isEnvelope: boolean;
  /** Whether the name says by itself that it belongs to an error. */
  isErrorOnly: boolean;
  /** Whether an error can have such a field. */
  isKnown: boolean;
}

/** How many names are remembered. */
const MAX_NAMES = 500;

/** Longest name that is remembered. */
const MAX_NAME_CHARS = 40;

/** Names that were read before. The same few names come with each record. */
const readNames = new Map<string, NamedField>();

/** Reads what a field's name says of an error. */
export function readFieldName(name: string): NamedField {
  let field = readNames.get(name);
  if (field !== undefined) return field;
  const form = toFieldName(name);
  const words = rank(WORDS, MADE_WORDS, form);
  const codes = rank(CODES, MADE_CODES, form);
  const isEnvelope = ENVELOPE.test(form);
  const isErrorOnly = ERROR_WORDS.test(form) || ERROR_CODES.test(form);
  const isKnown = words !== -1 || codes !== -1 || isEnvelope || isExceptionName(name) || OTHERS.has(form);
  field = { form, words, codes, isEnvelope, isErrorOnly, isKnown };
  if (readNames.size >= MAX_NAMES) readNames.clear();
  if (name.length <= MAX_NAME_CHARS) readNames.set(name, field);
  return field;
}

function rank(names: readonly string[], made: RegExp, form: string): number {
  const at = names.indexOf(form);
  return at === -1 && made.test(form) ? names.length : at;
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
    if (readFieldName(name).isKnown) return true;
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

/** Finds the field with the best name whose value fits. @param getRank how good a name is; 0 is best, -1 unfit */
function findField(
  fields: Fields,
  getRank: (field: NamedField) => number,
  fits: (value: unknown) => boolean,
): unknown {
  let best = Number.POSITIVE_INFINITY;
  let found: unknown;
  let count = 0;
  for (const name in fields) {
    if (++count > MAX_FIELDS) break;
    const rank = getRank(readFieldName(name));
    if (rank === -1 || rank >= best || !fits(fields[name])) continue;
    best = rank;
    found = fields[name];
  }
  return found;
}

const rankBy =
  (names: readonly string[]) =>
  ({ form }: NamedField): number =>
    names.indexOf(form);

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
    findField(fields, rankBy(ERRORS), isErrorValue) ??
    findField(fields, rankBy(OBJECTS), (value) => isObject(value) && isErrorValue(value))
  );
}

/** Finds the words of an error. */
export function findWords(fields: Fields): unknown {
  return (
    findField(fields, getWordsRank, (value) => typeof value === "string" && value !== "") ??
    findField(fields, getWordsRank, (value) => typeof value === "object" && isErrorValue(value))
  );
}

const getWordsRank = ({ words }: NamedField): number => words;

/** Finds words under a name that only an error has, such as `error_message`. */
export function findErrorWords(fields: Fields): string | undefined {
  const words = findField(
    fields,
    ({ words, isErrorOnly }) => (isErrorOnly ? words : -1),
    (value) => typeof value === "string" && !FINE.test(value.slice(0, 30)),
  );
  return typeof words === "string" ? words : undefined;
}

/** Lists the codes and types of an error, those of the usual names first. */
export function listCodes(fields: Fields): unknown[] {
  const found: { rank: number; value: unknown }[] = [];
  let count = 0;
  for (const name in fields) {
    if (++count > MAX_FIELDS) break;
    const rank = readFieldName(name).codes;
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
  if (
    ["object", "type", "status", "event", "state", "outcome", "level"].some((name) => isWrong(fields[name]))
  )
    return true;
  const isNo = (value: unknown) => value === false || value === "false";
  const isYes = (value: unknown) => value === true || value === "true";
  return (
    findField(fields, rankBy(SUCCESSES), isNo) !== undefined ||
    findField(fields, rankBy(FAILURES), isYes) !== undefined
  );
}

/** Whether fields say that all went well, in a code or a flag. */
export function isMarkedAsFine(fields: Fields): boolean {
  const isYes = (value: unknown) => value === true || value === "true";
  const isFineCode = (value: unknown) => value !== null && typeof value !== "boolean" && isFine(value);
  return (
    findField(fields, rankBy(SUCCESSES), isYes) !== undefined ||
    findField(fields, ({ codes }) => codes, isFineCode) !== undefined
  );
}

function isWrong(value: unknown): boolean {
  return typeof value === "string" && WRONG.test(value.slice(0, 30));
}

/** Turns a code into an HTTP status if it is a number from 400 to 599. */
export function toErrorStatus(code: unknown): number | undefined {
  const number = typeof code === "number" ? code : typeof code === "string" ? Number(code) : Number.NaN;
  return Number.isInteger(number) && number >= 400 && number < 600 ? number : undefined;
}
