import { type Fields, isFields } from "../json.js";

/**
 * Makes a value that fits a JSON Schema, from values that a {@link Source} offers. Understood: `type`,
 * `properties`, `required`, `items`, `prefixItems`, `enum`, `const`, `$ref` within the schema, `allOf`,
 * `anyOf`, `oneOf`, and the bounds of numbers, strings and lists. `pattern` is not: running somebody's
 * pattern here would hand him the event loop.
 */
export interface Source {
  /** A text for a property, or undefined where the conversation has none and nothing may be made up. */
  text(name: string, schema: Fields): string | undefined;
  number(name: string, schema: Fields): number | undefined;
  truth(name: string, schema: Fields): boolean | undefined;
  /** Which of the allowed values is meant. */
  choice(name: string, values: readonly unknown[]): unknown;
  /** The values of a list of texts or numbers. */
  list(name: string, items: Fields): readonly unknown[] | undefined;
  /** How many objects a list is to have. */
  count(name: string, items: Fields): number;
  /** Whether properties that are not required are filled with something made up. */
  readonly generous: boolean;
  /** Something that will do for a text that the conversation does not give. */
  invented(name: string, schema: Fields): string;
}

/** Nesting that is filled; beyond it only what is required is made, and lists stay as short as they may. */
const DEEP = 6;
const DEEPEST = 24;
const MOST_PROPERTIES = 200;
const MOST_ITEMS = 50;
/** Characters that `minLength` can ask for. */
const LONGEST_TEXT = 10_000;
/** Values in one answer at most: a schema that contains itself twice grows beyond all bounds otherwise. */
const MOST_VALUES = 2_000;

/** @param root the whole schema, for `$ref`. @returns undefined where an optional value has nothing to say. */
export function fill(schema: unknown, source: Source, root: unknown = schema, name = ""): unknown {
  return value(schema, { source, root, depth: 0, required: true, budget: { left: MOST_VALUES } }, name);
}

interface Place {
  readonly source: Source;
  readonly root: unknown;
  readonly depth: number;
  readonly required: boolean;
  readonly budget: { left: number };
}

function value(given: unknown, place: Place, name: string): unknown {
  const schema = resolved(given, place.root);
  if (place.depth > DEEPEST || --place.budget.left < 0) return null;
  if ("const" in schema) return schema["const"];
  const { source } = place;
  if (Array.isArray(schema["enum"]) && schema["enum"].length > 0) {
    const chosen = source.choice(name, schema["enum"]);
    return chosen === undefined && (place.required || source.generous) ? schema["enum"][0] : chosen;
  }
  switch (typeOf(schema)) {
    case "object":
      return object(schema, place);
    case "array":
      return list(schema, place, name);
    case "integer":
    case "number":
      return number(schema, place, name);
    case "boolean":
      return source.truth(name, schema) ?? fallback(place, schema, false);
    case "null":
      return null;
    default:
      return text(schema, place, name);
  }
}

/** Follows references and gathers `allOf`; of alternatives it takes the first that is not null. */
function resolved(given: unknown, root: unknown, hops = 0): Fields {
  if (!isFields(given) || hops > DEEPEST) return {};
  if (typeof given["$ref"] === "string") return resolved(target(given["$ref"], root), root, hops + 1);
  let schema = given;
  for (const part of Array.isArray(given["allOf"]) ? given["allOf"] : []) {
    const other = resolved(part, root, hops + 1);
    schema = {
      ...schema,
      ...other,
      properties: { ...fieldsOf(schema["properties"]), ...fieldsOf(other["properties"]) },
      required: [...names(schema["required"]), ...names(other["required"])],
    };
  }
  const alternatives = schema["anyOf"] ?? schema["oneOf"];
  if (!Array.isArray(alternatives) || alternatives.length === 0) return schema;
  const chosen = alternatives.find((one) => isFields(one) && one["type"] !== "null") ?? alternatives[0];
  return { ...schema, ...resolved(chosen, root, hops + 1) };
}

function target(reference: string, root: unknown): unknown {
  let at: unknown = root;
  for (const key of reference.replace(/^#\/?/, "").split("/").filter(Boolean)) {
    const plain = decodeURIComponentSafely(key).replaceAll("~1", "/").replaceAll("~0", "~");
    at = isFields(at) && Object.hasOwn(at, plain) ? at[plain] : undefined;
  }
  return at;
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function typeOf(schema: Fields): string {
  const type = schema["type"];
  if (typeof type === "string") return type;
  if (Array.isArray(type)) return String(type.find((one) => one !== "null") ?? "null");
  if ("properties" in schema) return "object";
  return "items" in schema ? "array" : "string";
}

function object(schema: Fields, place: Place): Fields {
  const required = names(schema["required"]);
  const made: Fields = {};
  for (const [key, property] of Object.entries(fieldsOf(schema["properties"])).slice(0, MOST_PROPERTIES)) {
    const isRequired = required.includes(key);
    if (!isRequired && place.depth > DEEP) continue;
    const found = value(property, { ...place, depth: place.depth + 1, required: isRequired }, key);
    // Defined, not assigned: a property called "__proto__" is a property.
    if (found !== undefined) {
      Object.defineProperty(made, key, {
        value: found,
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
  }
  return made;
}

function list(schema: Fields, place: Place, name: string): unknown {
  const low = Math.min(Math.max(numberOr(schema["minItems"], 0), 0), MOST_ITEMS);
  const high = Math.max(low, Math.min(numberOr(schema["maxItems"], MOST_ITEMS), MOST_ITEMS));
  const deeper = { ...place, depth: place.depth + 1, required: true };
  if (Array.isArray(schema["prefixItems"])) {
    return schema["prefixItems"].slice(0, MOST_ITEMS).map((item) => value(item, deeper, name));
  }
  const items = resolved(schema["items"], place.root);
  if (typeOf(items) === "object" || typeOf(items) === "array") {
    const wanted = place.depth > DEEP ? 0 : place.source.count(name, items);
    return Array.from({ length: Math.min(Math.max(wanted, low), high) }, () => value(items, deeper, name));
  }
  const allowed = Array.isArray(items["enum"]) ? items["enum"] : undefined;
  const offered = allowed
    ? allowed.filter((one) => place.source.choice(name, [one]) !== undefined)
    : place.source.list(name, items)?.filter((one) => suits(one, typeOf(items)));
  if (!offered?.length && !place.required && !place.source.generous) return undefined;
  const made = (offered ?? []).slice(0, high).map((one) => (allowed ? one : fitted(one, items)));
  while (made.length < low) {
    made.push(allowed ? allowed[made.length % allowed.length] : value(items, deeper, name));
  }
  return made;
}

function suits(one: unknown, type: string): boolean {
  return typeof one === (type === "integer" ? "number" : type);
}

function number(schema: Fields, place: Place, name: string): unknown {
  const { low, high } = bounds(schema);
  const usual = Number.isFinite(low) ? low : Math.min(1, high);
  return fitted(place.source.number(name, schema) ?? fallback(place, schema, usual), schema);
}

function text(schema: Fields, place: Place, name: string): unknown {
  const found = place.source.text(name, schema);
  return fitted(found ?? fallback(place, schema, place.source.invented(name, schema)), schema);
}

/** The value within the bounds that the schema sets for its kind. */
function fitted(found: unknown, schema: Fields): unknown {
  if (typeof found === "string") return fittedText(found, schema);
  return typeof found === "number" ? fittedNumber(found, schema) : found;
}

function bounds(schema: Fields): { low: number; high: number; step: number } {
  const step = numberOr(schema["multipleOf"], 0) || (typeOf(schema) === "integer" ? 1 : 0);
  const margin = step || 0.5;
  const { NEGATIVE_INFINITY, POSITIVE_INFINITY } = Number;
  return {
    step,
    low: Math.max(
      numberOr(schema["minimum"], NEGATIVE_INFINITY),
      numberOr(schema["exclusiveMinimum"], NEGATIVE_INFINITY) + margin,
    ),
    high: Math.min(
      numberOr(schema["maximum"], POSITIVE_INFINITY),
      numberOr(schema["exclusiveMaximum"], POSITIVE_INFINITY) - margin,
    ),
  };
}

function fittedNumber(found: number, schema: Fields): number {
  const { low, high, step } = bounds(schema);
  const within = Math.min(Math.max(found, low), high);
  if (!step) return within;
  const stepped = Math.round(within / step) * step;
  if (stepped < low) return Math.ceil(low / step) * step;
  return stepped > high ? Math.floor(high / step) * step : stepped;
}

function fittedText(found: string, schema: Fields): string {
  const low = Math.min(numberOr(schema["minLength"], 0), LONGEST_TEXT);
  const high = numberOr(schema["maxLength"], Number.POSITIVE_INFINITY);
  const characters = [...found];
  if (characters.length > high) return characters.slice(0, high).join("");
  return found + "…".repeat(Math.max(0, low - characters.length));
}

/** What stands in for a value that the conversation does not give. */
function fallback(place: Place, schema: Fields, usual: unknown): unknown {
  if (!place.required && !place.source.generous) return undefined;
  return "default" in schema ? schema["default"] : usual;
}

function fieldsOf(given: unknown): Fields {
  return isFields(given) ? given : {};
}

function names(given: unknown): string[] {
  return Array.isArray(given) ? given.filter((name) => typeof name === "string") : [];
}

function numberOr(given: unknown, other: number): number {
  return typeof given === "number" && Number.isFinite(given) ? given : other;
}
