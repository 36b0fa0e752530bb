import type { Ajv, Options, ValidateFunction } from "ajv";
import { Failure } from "../failure.js";
import { RecentMap } from "../lifecycle/recent-map.js";
import { isObject, isWithinDepth } from "./parse.js";
import { describeCompileError, describeSchemaErrors, toJsonPath } from "./schema-errors.js";

/**
 * Checks a value against a schema. It returns undefined if the value fits, else what is wrong with it: a JSON path and
 * a reason, short enough for a log line or for a model that has to correct its answer. It never changes the value and
 * never throws.
 */
export type SchemaCheck = (value: unknown) => string | undefined;

/** A schema's patterns run on texts up to this length: a pattern that backtracks takes very long on a long text. */
const MAX_MATCHED_CHARS = 4096;

/** How deeply a schema may nest. The compiler is recursive. */
const MAX_SCHEMA_DEPTH = 100;

/** How many compiled schemas are cached. A flow has a handful, but messages may bring a new one each time. */
const MAX_CACHED_SCHEMAS = 100;

type Draft = "07" | "2020-12";

/** Compiled schemas by their JSON text. */
const checks = new RecentMap<SchemaCheck>(MAX_CACHED_SCHEMAS);
/** A validator for each draft, to check schemas themselves. */
const schemaValidators = new Map<Draft, Ajv>();

/**
 * Compiles a JSON Schema of draft-07 or 2020-12. Its `$schema` says which; without one, 2020-12 is tried first.
 * Unknown keywords and formats are ignored. The result is cached.
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
  // The validator would refuse an unknown address, or one with a # at its end.
  delete schema["$schema"];
  // A keyword of the validator, which would make the check asynchronous.
  delete schema["$async"];
  let failure: Failure | undefined;
  for (const draft of listDrafts($schema)) {
    try {
      return compileDraft(draft, schema);
    } catch (thrown) {
      failure ??= thrown instanceof Failure ? thrown : createSchemaFailure(describeCompileError(thrown));
    }
  }
  throw failure!;
}

/** Lists the drafts to try, by the schema's `$schema`. */
function listDrafts(named: unknown): Draft[] {
  const text = typeof named === "string" ? named : "";
  if (/draft-0\d/.test(text)) return ["07"];
  return text.includes("2020-12") ? ["2020-12"] : ["2020-12", "07"];
}

function compileDraft(draft: Draft, schema: Record<string, unknown>): SchemaCheck {
  let schemaValidator = schemaValidators.get(draft);
  if (!schemaValidator) {
    schemaValidator = createValidator(draft, {});
    schemaValidators.set(draft, schemaValidator);
  }
  if (schemaValidator.validateSchema(schema) !== true) {
    throw createSchemaFailure(describeSchemaErrors(schemaValidator.errors ?? []));
  }
  const patterns = new PatternEngine();
  // One validator for each schema, because a validator keeps all that it compiled and accepts each $id only once.
  const ajv = createValidator(draft, { validateSchema: false, code: { regExp: patterns.engine } });
  return createCheck(ajv.compile(schema), patterns);
}

function createCheck(validate: ValidateFunction, patterns: PatternEngine): SchemaCheck {
  return (value) => {
    patterns.hasSkipped = false;
    let fits: boolean;
    try {
      fits = validate(value);
    } catch {
      return "$ nests too deeply to be checked";
    }
    if (!fits && !patterns.hasSkipped) return describeSchemaErrors(validate.errors ?? []);
    if (!patterns.hasSkipped) return undefined;
    const pointer = validate.errors?.find(({ keyword }) => keyword === "pattern")?.instancePath ?? "";
    return `${toJsonPath(pointer)} has a text of more than ${MAX_MATCHED_CHARS} characters, too long for the schema's pattern`;
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
