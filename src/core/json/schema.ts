import type { Ajv, Options, ValidateFunction } from "ajv";
import { Failure } from "../failure.js";
import { MULTIPLE_OF } from "./multiple-of.js";
import { isObject, isWithinDepth } from "./parse.js";
import { describeCompileError, describeSchemaErrors, toJsonPath } from "./schema-errors.js";
import { runWithTimeLimit, TimeLimitError } from "./time-limit.js";
import { UNIQUE_ITEMS } from "./unique-items.js";

/**
 * Checks a value against a schema. It returns undefined if the value fits, else what is wrong with it: a JSON path and
 * a reason, short enough for a log line or for a model that has to correct its answer. It never changes the value and
 * never throws.
 */
export type SchemaCheck = (value: unknown) => string | undefined;

/** A schema's patterns run on texts up to this length: a pattern that backtracks takes very long on a long text. */
const MAX_MATCHED_CHARS = 4096;

/** Longest pattern. To compile one cannot be interrupted. */
const MAX_PATTERN_CHARS = 4096;

/** Longest schema, as JSON. The largest that services accept has about half of this. */
const MAX_SCHEMA_CHARS = 262_144;

/** How long a schema may take to be compiled. Most take a few milliseconds. */
const MAX_COMPILE_MS = 1_000;

/** How long the check of a value may take. Most take a fraction of a millisecond. */
const MAX_CHECK_MS = 500;

/** How deeply a schema may nest. The compiler is recursive. */
export const MAX_SCHEMA_DEPTH = 100;

/** How many compiled schemas are cached. A flow has a handful, but messages may bring a new one each time. */
const MAX_CACHED_SCHEMAS = 100;

/** Characters of all cached schemas. A compiled one takes a multiple of its length. */
const MAX_CACHED_CHARS = 1_000_000;

type Draft = "07" | "2020-12";

/** Compiled schemas by their JSON text, the latest used last. A refused schema has the reason instead. */
const checks = new Map<string, SchemaCheck | string>();
/** A validator for each draft, to check schemas themselves. */
const schemaValidators = new Map<Draft, Ajv>();

/**
 * Compiles a JSON Schema of draft-07 or 2020-12. Its `$schema` says which; without one, 2020-12 is tried first.
 * Unknown keywords and formats are ignored. The result is cached. The time for compiling and for each check is limited,
 * whatever the schema and the value.
 * @throws Failure `configuration` that says what is wrong with the schema
 */
export function compileSchema(schema: unknown): SchemaCheck {
  if (!isObject(schema)) throw createSchemaFailure("it is not an object");
  if (!isWithinDepth(schema, MAX_SCHEMA_DEPTH))
    throw createSchemaFailure(`it nests deeper than ${MAX_SCHEMA_DEPTH}, or without end`);
  const text = serialiseSchema(schema);
  if (text.length > MAX_SCHEMA_CHARS)
    throw createSchemaFailure(`it is longer than ${MAX_SCHEMA_CHARS} characters`);
  const check = checks.get(text) ?? compileText(text);
  cacheCheck(text, check);
  if (typeof check === "string") throw createSchemaFailure(check);
  return check;
}

function cacheCheck(text: string, check: SchemaCheck | string): void {
  checks.delete(text);
  checks.set(text, check);
  let characters = 0;
  for (const cached of checks.keys()) characters += cached.length;
  for (const oldest of checks.keys()) {
    if (checks.size <= MAX_CACHED_SCHEMAS && characters <= MAX_CACHED_CHARS) return;
    checks.delete(oldest);
    characters -= oldest.length;
  }
}

function serialiseSchema(schema: object): string {
  try {
    return JSON.stringify(schema);
  } catch {
    throw createSchemaFailure("it is not plain JSON");
  }
}

/** @returns the check, or the reason why the schema has none */
function compileText(text: string): SchemaCheck | string {
  const schema = JSON.parse(text) as Record<string, unknown>;
  const { $schema } = schema;
  // The validator would refuse an unknown address, or one with a # at its end.
  delete schema["$schema"];
  // A keyword of the validator, which would make the check asynchronous.
  delete schema["$async"];
  let reason: string | undefined;
  for (const draft of listDrafts($schema)) {
    // Loading the library must not be interrupted.
    const schemaValidator = getSchemaValidator(draft);
    try {
      return runWithTimeLimit(MAX_COMPILE_MS, () => compileDraft(draft, schema, schemaValidator));
    } catch (thrown) {
      if (thrown instanceof TimeLimitError) {
        schemaValidators.delete(draft);
        return `it takes longer than ${MAX_COMPILE_MS} ms to compile`;
      }
      reason ??= describeCompileError(thrown);
    }
  }
  return reason!;
}

/** Lists the drafts to try, by the schema's `$schema`. */
function listDrafts(named: unknown): Draft[] {
  const text = typeof named === "string" ? named : "";
  if (/draft-0\d/.test(text)) return ["07"];
  return text.includes("2020-12") ? ["2020-12"] : ["2020-12", "07"];
}

function getSchemaValidator(draft: Draft): Ajv {
  let schemaValidator = schemaValidators.get(draft);
  if (!schemaValidator) {
    schemaValidator = createValidator(draft, {});
    // Compiles the schema of schemas.
    schemaValidator.validateSchema({});
    schemaValidators.set(draft, schemaValidator);
  }
  return schemaValidator;
}

/** @throws Error that says what is wrong with the schema */
function compileDraft(draft: Draft, schema: Record<string, unknown>, schemaValidator: Ajv): SchemaCheck {
  if (schemaValidator.validateSchema(schema) !== true) {
    throw new Error(describeSchemaErrors(schemaValidator.errors ?? []));
  }
  const patterns = new PatternEngine();
  // One validator for each schema, because a validator keeps all that it compiled and accepts each $id only once.
  const ajv = createValidator(draft, { validateSchema: false, code: { regExp: patterns.engine } });
  return createCheck(ajv.compile(schema), patterns);
}

function createCheck(validate: ValidateFunction, patterns: PatternEngine): SchemaCheck {
  const check: SchemaCheck = (value) => {
    patterns.hasSkipped = false;
    const fits = validate(value);
    if (!fits && !patterns.hasSkipped) return describeSchemaErrors(validate.errors ?? []);
    if (!patterns.hasSkipped) return undefined;
    const pointer = validate.errors?.find(({ keyword }) => keyword === "pattern")?.instancePath ?? "";
    return `${toJsonPath(pointer)} has a text of more than ${MAX_MATCHED_CHARS} characters, too long for the schema's pattern`;
  };
  return (value) => {
    try {
      return runWithTimeLimit(MAX_CHECK_MS, () => check(value));
    } catch (thrown) {
      return thrown instanceof TimeLimitError
        ? `$ takes longer than ${MAX_CHECK_MS} ms to be checked`
        : "$ nests too deeply to be checked";
    }
  };
}

/** Runs a schema's patterns, but not on long texts. */
class PatternEngine {
  /** Whether a pattern was skipped, so that the result of the check means nothing. */
  hasSkipped = false;

  readonly engine = Object.assign((pattern: string, flags: string) => this.compile(pattern, flags), {
    code: "new RegExp",
  });

  private compile(pattern: string, flags: string): { test(text: string): boolean } {
    if (pattern.length > MAX_PATTERN_CHARS)
      throw new Error(`a pattern is longer than ${MAX_PATTERN_CHARS} characters`);
    const expression = createExpression(pattern, flags);
    const test = (text: string): boolean => {
      if (text.length <= MAX_MATCHED_CHARS) return expression.test(text);
      this.hasSkipped = true;
      return false;
    };
    // The validator compares patterns by their text, to use equal ones only once.
    return Object.assign(Object.create({ toString: () => expression.toString() }), { test });
  }
}

/**
 * Creates a pattern in Unicode mode, as JSON Schema wants it, or without it for schemas with escapes that it forbids.
 */
function createExpression(pattern: string, flags: string): RegExp {
  try {
    return new RegExp(pattern, flags);
  } catch {
    return new RegExp(pattern);
  }
}

/** Creates a validator. The library is large, so it is loaded with the first schema and not with the package. */
function createValidator(draft: Draft, options: Options): Ajv {
  const settings: Options = {
    strict: false,
    validateFormats: false,
    // Otherwise every object would have the property “constructor”, from its prototype.
    ownProperties: true,
    logger: false,
    ...options,
  };
  const ajv = draft === "07" ? createDraft07(settings) : createDraft2020(settings);
  // The validator refuses a schema with this keyword of draft 4.
  ajv.removeKeyword("id");
  for (const keyword of [UNIQUE_ITEMS, MULTIPLE_OF]) {
    ajv.removeKeyword(keyword.keyword as string);
    ajv.addKeyword(keyword);
  }
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
