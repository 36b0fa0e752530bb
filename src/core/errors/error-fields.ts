import { isObject } from "../json/parse.js";
import { toFieldName } from "../vendor-word.js";

type Fields = Readonly<Record<string, unknown>>;

/** Names of fields with an error's message, in the form of `toFieldName()`, the best first. */
const MESSAGE_NAMES: readonly string[] = [
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
const CODE_NAMES: readonly string[] = [
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

/** Further names of fields with a message: `resultMsg`, `ret_message`, `faultstring`. */
const MADE_UP_MESSAGE_NAME =
  /^(?:err|error|ret|return|result|resp|response|res|fault|failure|fail|exception|inner|sub|biz)(?:msg|message|desc|description|string|text|reason|detail|details)$/;

/** Further names of fields with a code: `retCode`, `fault_no`. */
const MADE_UP_CODE_NAME =
  /^(?:err|error|ret|return|result|resp|response|res|fault|failure|fail|exception|inner|sub|biz)(?:code|no|num|status)$/;

/** Names of fields with a message that only errors have. */
const ERROR_MESSAGE_NAME =
  /^(?:err|error|fault|failure|fail|exception)(?:msg|message|desc|description|string|text|reason|info)$/;

/** Names of fields with a code that only errors have. */
const ERROR_CODE_NAME = /^(?:err|error|fault|failure|fail|exception)(?:code|no|num|type|name|status)$/;

/** Names of fields that hold an error, in the form of `toFieldName()`. */
const ERROR_NAMES: readonly string[] = [
  "error",
  "errors",
  "err",
  "exception",
  "fault",
  "failure",
  "failures",
];

/** Names of fields that hold an error as an object, or only its message. */
const ERROR_OR_MESSAGE_NAMES: readonly string[] = [
  "errormsg",
  "errormessage",
  "errorinfo",
  "errordetails",
  "errordata",
  "problem",
];

/** Names of flags that are true if the request succeeded, in the form of `toFieldName()`. */
const SUCCESS_NAMES: readonly string[] = ["success", "ok", "succeeded", "issuccess"];

/** Names of flags that are true if the request failed. */
const FAILURE_NAMES: readonly string[] = ["iserror", "haserror", "failed"];

/** Codes and messages of a result that is no error. */
const FINE_VALUE = /^(?:0*|no ?errors?|[12]\d\d|ok|success\w{0,10}|none|null|normal|undefined|true)$/i;

/** Words in a type, a status or a level that report an error. */
const WRONG_VALUE = /^(?:error|err|fail|failed|failure|fatal|exception|aborted)$/i;

/** Names of fields that most records have, in every form. None of them belongs to an error alone. */
const COMMON_NAMES: ReadonlySet<string> = new Set(
  "id object created model choices usage system_fingerprint service_tier obfuscation provider index delta finish_reason native_finish_reason logprobs stop_reason content role tool_calls function_call reasoning reasoning_content reasoning_details refusal annotations candidates usageMetadata modelVersion responseId sequence_number item_id output_index content_index content_block created_at done".split(
    " ",
  ),
);

/** Further names of fields that an error can have. */
const OTHER_KNOWN_NAMES: ReadonlySet<string> = new Set([
  ...ERROR_NAMES,
  ...ERROR_OR_MESSAGE_NAMES,
  ...SUCCESS_NAMES,
  ...FAILURE_NAMES,
  "outcome",
  "level",
]);

/** Names of the envelopes in which gateways put a result or its status, in the form of `toFieldName()`. */
const ENVELOPE_NAME =
  /^(?:(?:base|common)?(?:resp|response|result)(?:header|head|meta|metadata|status|info)?|header|head|meta|status|data|body|payload)$/;

/** What the name of a field shows. */
interface NamedField {
  /** The form of `toFieldName()`. */
  form: string;
  /** How likely the field has an error's message: 0 is best, -1 never. */
  messageRank: number;
  /** How likely the field has an error's code: 0 is best, -1 never. */
  codeRank: number;
  isEnvelope: boolean;
  /** Whether only errors have a field of this name. */
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

/** Reads what the name of a field shows. */
export function readFieldName(name: string): NamedField {
  let field = readNames.get(name);
  if (field !== undefined) return field;
  const form = toFieldName(name);
  const messageRank = rank(MESSAGE_NAMES, MADE_UP_MESSAGE_NAME, form);
  const codeRank = rank(CODE_NAMES, MADE_UP_CODE_NAME, form);
  const isEnvelope = ENVELOPE_NAME.test(form);
  const isErrorOnly = ERROR_MESSAGE_NAME.test(form) || ERROR_CODE_NAME.test(form);
  const isKnown =
    messageRank !== -1 ||
    codeRank !== -1 ||
    isEnvelope ||
    isExceptionName(name) ||
    OTHER_KNOWN_NAMES.has(form);
  field = { form, messageRank, codeRank, isEnvelope, isErrorOnly, isKnown };
  if (readNames.size >= MAX_NAMES) readNames.clear();
  if (name.length <= MAX_NAME_CHARS) readNames.set(name, field);
  return field;
}

function rank(names: readonly string[], made: RegExp, form: string): number {
  const at = names.indexOf(form);
  return at === -1 && made.test(form) ? names.length : at;
}

/** Whether a record has a field that an error can have. Most records have none, and need no further check. */
export function mayBeError(fields: Fields): boolean {
  let count = 0;
  for (const name in fields) {
    if (++count > MAX_FIELDS) break;
    if (COMMON_NAMES.has(name)) continue;
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
function isErrorValue(value: unknown): boolean {
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
    findField(fields, rankBy(ERROR_NAMES), isErrorValue) ??
    findField(fields, rankBy(ERROR_OR_MESSAGE_NAMES), (value) => isObject(value) && isErrorValue(value))
  );
}

/** Finds the message of an error: a text or, if there is none, an object or a list. */
export function findMessage(fields: Fields): unknown {
  return (
    findField(fields, getMessageRank, (value) => typeof value === "string" && value !== "") ??
    findField(fields, getMessageRank, (value) => typeof value === "object" && isErrorValue(value))
  );
}

const getMessageRank = ({ messageRank }: NamedField): number => messageRank;

/** Finds a message under a name that only errors have, such as `error_message`. */
export function findErrorMessage(fields: Fields): string | undefined {
  const message = findField(
    fields,
    ({ messageRank, isErrorOnly }) => (isErrorOnly ? messageRank : -1),
    (value) => typeof value === "string" && !FINE_VALUE.test(value.slice(0, 30)),
  );
  return typeof message === "string" ? message : undefined;
}

/** Lists the codes and types of an error, those of the usual names first. */
export function listCodes(fields: Fields): unknown[] {
  const found: { rank: number; value: unknown }[] = [];
  let count = 0;
  for (const name in fields) {
    if (++count > MAX_FIELDS) break;
    const rank = readFieldName(name).codeRank;
    if (rank !== -1 && !isFine(fields[name])) found.push({ rank, value: fields[name] });
  }
  return found.sort((one, other) => one.rank - other.rank).map(({ value }) => value);
}

function isFine(value: unknown): boolean {
  if (value === null || value === undefined || typeof value === "boolean") return true;
  return (
    (typeof value === "string" || typeof value === "number") && FINE_VALUE.test(String(value).slice(0, 30))
  );
}

/** Whether a word or a flag in the fields marks an error. */
export function isMarkedAsError(fields: Fields): boolean {
  if (
    ["object", "type", "status", "event", "state", "outcome", "level"].some((name) => isWrong(fields[name]))
  )
    return true;
  const isNo = (value: unknown) => value === false || value === "false";
  const isYes = (value: unknown) => value === true || value === "true";
  return (
    findField(fields, rankBy(SUCCESS_NAMES), isNo) !== undefined ||
    findField(fields, rankBy(FAILURE_NAMES), isYes) !== undefined
  );
}

/** Whether a code or a flag in the fields marks a success. */
export function isMarkedAsFine(fields: Fields): boolean {
  const isYes = (value: unknown) => value === true || value === "true";
  const isFineCode = (value: unknown) => value !== null && typeof value !== "boolean" && isFine(value);
  return (
    findField(fields, rankBy(SUCCESS_NAMES), isYes) !== undefined ||
    findField(fields, ({ codeRank }) => codeRank, isFineCode) !== undefined
  );
}

function isWrong(value: unknown): boolean {
  return typeof value === "string" && WRONG_VALUE.test(value.slice(0, 30));
}
