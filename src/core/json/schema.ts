import type { Ajv, ErrorObject, Options, ValidateFunction } from "ajv";
import { Failure } from "../failure.js";
import { RecentMap } from "../lifecycle/recent-map.js";
import { isObject, isWithinDepth } from "./parse.js";

/**
 * Looks at a value and gives what is wrong with it: its JSON path and one reason, short enough for a log line or for
 * a model that is told its mistake. Undefined where the value fits. Never changes the value, never throws.
 */
export type SchemaCheck = (value: unknown) => string | undefined;

/** Longest text a schema's pattern runs on; UTF-16 units. A pattern that backtracks takes long on a long text. */
const MAX_MATCHED_CHARS = 4096;

/** Deepest a schema may nest: the compiler is recursive. */
const MAX_SCHEMA_DEPTH = 100;

/** Compiled schemas that are kept. A flow has a handful; schemas in messages may be different every time. */
const MAX_CACHED_SCHEMAS = 100;

const MAX_NAME_CHARS = 40;
const MAX_COMPLAINT_CHARS = 300;

/** Keywords that only say that one of their parts did not fit: the parts say it better. */
const COMPOUND_KEYWORDS: ReadonlySet<string> = new Set(["anyOf", "oneOf", "if", "propertyNames"]);

type Draft = "07" | "2020-12";

const checks = new RecentMap<SchemaCheck>(MAX_CACHED_SCHEMAS);
const schemaValidators = new Map<Draft, Ajv>();

/**
 * Compiles a JSON Schema, draft-07 or 2020-12 by its `$schema`; without one, the newer in which it makes sense.
 * Keywords and formats that are unknown are passed over. The result is kept by the schema's text.
 * @throws Failure `configuration` that says what is wrong with the schema
 */
export function compileSchema(schema: unknown): SchemaCheck {
  if (!isObject(schema)) throw createSchemaFailure("it is not an object");
  if (!isWithinDepth(schema, MAX_SCHEMA_DEPTH))
    throw createSchemaFailure(`it nests deeper than ${MAX_SCHEMA_DEPTH}, or without end`);
  const text = serialiseSchema(schema);
  const check = checks.get(text) ?? compileText(text);
  checks.set(text, check);
  return check;
}

function serialiseSchema(schema: object): string {
  try {
    return JSON.stringify(schema);
  } catch {
    throw createSchemaFailure("it is not plain JSON");
  }
}

function compileText(text: string): SchemaCheck {
  const schema = JSON.parse(text) as Record<string, unknown>;
  const { $schema } = schema;
  // Not looked up: an address that is unknown, or written with a #, is no reason to refuse a schema.
  delete schema["$schema"];
  // A word of the validator's own, which would make of the check a promise.
  delete schema["$async"];
  let refused: Failure | undefined;
  for (const draft of listDrafts($schema)) {
    try {
      return compileDraft(draft, schema);
    } catch (thrown) {
      refused ??= thrown instanceof Failure ? thrown : createSchemaFailure(describeCompileError(thrown));
    }
  }
  throw refused!;
}

function listDrafts(named: unknown): Draft[] {
  const text = typeof named === "string" ? named : "";
  if (/draft-0\d/.test(text)) return ["07"];
  return text.includes("2020-12") ? ["2020-12"] : ["2020-12", "07"];
}

function compileDraft(draft: Draft, schema: Record<string, unknown>): SchemaCheck {
  let judge = schemaValidators.get(draft);
  if (!judge) {
    judge = createValidator(draft, {});
    schemaValidators.set(draft, judge);
  }
  if (judge.validateSchema(schema) !== true) throw createSchemaFailure(describeErrors(judge.errors ?? []));
  const pattern = new PatternRules();
  // A validator keeps all that it ever compiled, and knows each $id once: so each schema has one of its own.
  const ajv = createValidator(draft, { validateSchema: false, code: { regExp: pattern.engine } });
  return createCheck(ajv.compile(schema), pattern);
}

function createCheck(validate: ValidateFunction, patterns: PatternRules): SchemaCheck {
  return (value) => {
    patterns.skipped = false;
    let fits: boolean;
    try {
      fits = validate(value);
    } catch {
      return "$ nests too deeply to be checked";
    }
    if (!fits && !patterns.skipped) return describeErrors(validate.errors ?? []);
    if (!patterns.skipped) return undefined;
    const at = validate.errors?.find(({ keyword }) => keyword === "pattern")?.instancePath ?? "";
    return `${toJsonPath(at)} has a text of more than ${MAX_MATCHED_CHARS} characters where the schema has a pattern`;
  };
}

/** A schema's patterns, which do not run on long texts: `skipped` says that the check is then worth nothing. */
class PatternRules {
  skipped = false;

  readonly engine = Object.assign((pattern: string, flags: string) => this.rule(pattern, flags), {
    code: "new RegExp",
  });

  private rule(pattern: string, flags: string): { test(text: string): boolean } {
    const expression = createExpression(pattern, flags);
    const test = (text: string): boolean => {
      if (text.length <= MAX_MATCHED_CHARS) return expression.test(text);
      this.skipped = true;
      return false;
    };
    // The validator takes two patterns that read the same for one.
    return Object.assign(Object.create({ toString: () => expression.toString() }), { test });
  }
}

/** Many patterns in the wild have escapes that are errors in Unicode mode, as JSON Schema has it. */
function createExpression(pattern: string, flags: string): RegExp {
  try {
    return new RegExp(pattern, flags);
  } catch {
    return new RegExp(pattern);
  }
}

/** The validator is large: it is loaded when the first schema comes, and not with the package. */
function createValidator(draft: Draft, options: Options): Ajv {
  const settings: Options = {
    strict: false,
    validateFormats: false,
    // Or else an object would have the property “constructor”, which is its prototype's.
    ownProperties: true,
    logger: false,
    ...options,
  };
  const ajv = draft === "07" ? createDraft07(settings) : createDraft2020(settings);
  // Draft 4's word, which the validator knows only to refuse it.
  ajv.removeKeyword("id");
  return ajv;
}

function createDraft07(settings: Options): Ajv {
  const { Ajv } = require("ajv") as typeof import("ajv");
  return new Ajv(settings);
}

function createDraft2020(settings: Options): Ajv {
  const { Ajv2020 } = require("ajv/dist/2020") as typeof import("ajv/dist/2020.js");
  return new Ajv2020(settings);
}

function createSchemaFailure(reason: string): Failure {
  return new Failure("configuration", `The JSON Schema cannot be used: ${reason}.`);
}

function describeCompileError(thrown: unknown): string {
  if (thrown instanceof Error && "missingRef" in thrown) {
    return `it refers to “${shorten(String(thrown.missingRef), 100)}”, which is not in it; put that under $defs`;
  }
  return shorten(thrown instanceof Error ? thrown.message : String(thrown), MAX_COMPLAINT_CHARS);
}

/** The deepest of the complaints, which is the nearest to the mistake; alternatives at one place stand together. */
function describeErrors(errors: readonly ErrorObject[]): string {
  const depth = ({ instancePath }: ErrorObject) => instancePath.split("/").length;
  const deepest = Math.max(...errors.map(depth));
  const nearest = errors.filter((error) => depth(error) === deepest);
  const plain = nearest.filter(({ keyword }) => !COMPOUND_KEYWORDS.has(keyword));
  const told = plain.length > 0 ? plain : nearest;
  if (told.length === 0) return "$ does not fit";
  const path = told[0]!.instancePath;
  const reasons = new Set(told.filter((error) => error.instancePath === path).map(reason));
  return shorten(`${toJsonPath(path)} ${[...reasons].join(" or ")}`, MAX_COMPLAINT_CHARS);
}

function reason({ keyword, message, params, propertyName }: ErrorObject): string {
  const whose =
    propertyName === undefined ? "" : `has the property “${shorten(propertyName, MAX_NAME_CHARS)}”, which `;
  const extra: unknown = params["additionalProperty"] ?? params["unevaluatedProperty"];
  if (typeof extra === "string") return `must not have the property “${shorten(extra, MAX_NAME_CHARS)}”`;
  if (keyword === "enum")
    return `${whose}must be one of ${shorten(JSON.stringify(params["allowedValues"]), 150)}`;
  if (keyword === "const") return `${whose}must be ${shorten(JSON.stringify(params["allowedValue"]), 100)}`;
  if (keyword === "type") return `${whose}must be ${[params["type"]].flat().join(" or ")}`;
  return whose + (message ?? `does not fit ${keyword}`);
}

/** A JSON pointer as a JSONPath, such as `$.items[3].name`. */
function toJsonPath(pointer: string): string {
  const steps = pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const path = steps.map((step) => {
    if (/^\d+$/.test(step)) return `[${shorten(step, MAX_NAME_CHARS)}]`;
    return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(step)
      ? `.${shorten(step, MAX_NAME_CHARS)}`
      : `["${shorten(step, MAX_NAME_CHARS)}"]`;
  });
  return `$${path.join("")}`;
}

function shorten(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}
