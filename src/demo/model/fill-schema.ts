import { type DemoFields, isFields } from "../json.js";

/** The values that a schema is filled with. The finders return undefined if the conversation has no such value. */
export interface SchemaValues {
  /** Whether a missing value is invented. If not, optional properties without a value are left out. */
  readonly mayInvent: boolean;
  findText(name: string, schema: DemoFields): string | undefined;
  inventText(name: string, schema: DemoFields): string;
  findNumber(name: string): number | undefined;
  findBoolean(name: string): boolean | undefined;
  /** Which of the allowed values is meant. */
  findChoice(allowed: readonly unknown[]): unknown;
  /** The items of a list of texts or numbers. */
  findItems(name: string, items: DemoFields): readonly unknown[];
  /** How many objects a list gets. */
  countObjects(items: DemoFields): number;
}

/** Beyond this depth, optional properties are left out and lists are as short as allowed. */
const MAX_OPTIONAL_DEPTH = 6;
const MAX_DEPTH = 24;
const MAX_PROPERTIES = 200;
const MAX_ITEMS = 50;
const MAX_PADDED_CHARS = 10_000;
/** Values of one answer: a schema that contains itself twice would grow without end. */
const MAX_VALUES = 2_000;

interface Place {
  readonly values: SchemaValues;
  /** The whole schema, for `$ref`. */
  readonly root: unknown;
  readonly depth: number;
  readonly required: boolean;
  readonly budget: { valuesLeft: number };
}

/**
 * Makes a value that fits a JSON Schema. It knows `type`, `properties`, `required`, `items`, `prefixItems`, `enum`,
 * `const`, `$ref` within the schema, `allOf`, `anyOf`, `oneOf`, and the bounds of numbers, texts and lists. It does not
 * know `pattern`: a pattern of a stranger could block the event loop.
 */
export function fillSchema(schema: unknown, values: SchemaValues): unknown {
  const budget = { valuesLeft: MAX_VALUES };
  return fillValue(schema, { values, root: schema, depth: 0, required: true, budget }, "");
}

function fillValue(unresolved: unknown, place: Place, name: string): unknown {
  const schema = resolveSchema(unresolved, place.root);
  if (place.depth > MAX_DEPTH || --place.budget.valuesLeft < 0) return null;
  if ("const" in schema) return schema["const"];
  const { values } = place;
  const allowed = schema["enum"];
  if (Array.isArray(allowed) && allowed.length > 0) {
    return values.findChoice(allowed) ?? useDefault(place, schema, allowed[0]);
  }
  switch (getType(schema)) {
    case "object":
      return fillObject(schema, place);
    case "array":
      return fillList(schema, place, name);
    case "integer":
    case "number": {
      const { low } = getBounds(schema);
      return fitValue(
        values.findNumber(name) ?? useDefault(place, schema, Number.isFinite(low) ? low : 1),
        schema,
      );
    }
    case "boolean":
      return values.findBoolean(name) ?? useDefault(place, schema, false);
    case "null":
      return null;
    default: {
      const text = values.findText(name, schema);
      return fitValue(text ?? useDefault(place, schema, values.inventText(name, schema)), schema);
    }
  }
}

/** The stand-in for a value that the conversation does not have; undefined leaves an optional property out. */
function useDefault({ required, values }: Place, schema: DemoFields, invented: unknown): unknown {
  if (!required && !values.mayInvent) return undefined;
  return schema["default"] ?? invented;
}

/** Follows `$ref`, merges `allOf`, and takes the first alternative of `anyOf` or `oneOf` that is not null. */
function resolveSchema(schema: unknown, root: unknown, hops = 0): DemoFields {
  if (!isFields(schema) || hops > MAX_DEPTH) return {};
  if (typeof schema["$ref"] === "string")
    return resolveSchema(findReference(schema["$ref"], root), root, hops + 1);
  const alternatives = schema["anyOf"] ?? schema["oneOf"];
  const chosen = Array.isArray(alternatives)
    ? (alternatives.find((one) => isFields(one) && one["type"] !== "null") ?? alternatives[0])
    : undefined;
  const parts: unknown[] = Array.isArray(schema["allOf"]) ? schema["allOf"] : [];
  return [...parts, chosen].reduce<DemoFields>((merged, part) => {
    const other = resolveSchema(part, root, hops + 1);
    const properties = { ...readFields(merged["properties"]), ...readFields(other["properties"]) };
    const required = [...readNames(merged["required"]), ...readNames(other["required"])];
    return { ...merged, ...other, ...(Object.keys(properties).length > 0 && { properties, required }) };
  }, schema);
}

function findReference(reference: string, root: unknown): unknown {
  const keys = reference.replace(/^#\/?/, "").split("/").filter(Boolean);
  return keys.reduce((at: unknown, key) => {
    const name = key.replaceAll("~1", "/").replaceAll("~0", "~");
    return isFields(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }, root);
}

function getType(schema: DemoFields): string {
  const type = schema["type"];
  if (typeof type === "string") return type;
  if (Array.isArray(type)) return String(type.find((one) => one !== "null") ?? "null");
  if ("properties" in schema) return "object";
  return "items" in schema ? "array" : "string";
}

function fillObject(schema: DemoFields, place: Place): DemoFields {
  const requiredNames = readNames(schema["required"]);
  const entries = Object.entries(readFields(schema["properties"])).slice(0, MAX_PROPERTIES);
  const filled = entries.flatMap(([name, property]) => {
    const required = requiredNames.includes(name);
    if (!required && place.depth > MAX_OPTIONAL_DEPTH) return [];
    const value = fillValue(property, { ...place, depth: place.depth + 1, required }, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(filled);
}

function fillList(schema: DemoFields, place: Place, name: string): unknown[] | undefined {
  const { values } = place;
  const low = clamp(readNumber(schema["minItems"], 0), 0, MAX_ITEMS);
  const high = clamp(readNumber(schema["maxItems"], MAX_ITEMS), low, MAX_ITEMS);
  const inner = { ...place, depth: place.depth + 1, required: true };
  if (Array.isArray(schema["prefixItems"])) {
    return schema["prefixItems"].slice(0, MAX_ITEMS).map((item) => fillValue(item, inner, name));
  }
  const items = resolveSchema(schema["items"], place.root);
  const type = getType(items);
  if (type === "object" || type === "array") {
    const count = place.depth > MAX_OPTIONAL_DEPTH ? 0 : values.countObjects(items);
    return Array.from({ length: clamp(count, low, high) }, () => fillValue(items, inner, name));
  }
  const allowed = Array.isArray(items["enum"]) ? items["enum"] : undefined;
  const found = allowed
    ? allowed.filter((one) => values.findChoice([one]) !== undefined)
    : values.findItems(name, items).filter((one) => typeof one === (type === "integer" ? "number" : type));
  if (found.length === 0 && !place.required && !values.mayInvent) return undefined;
  const list: unknown[] = found.slice(0, high).map((one) => (allowed ? one : fitValue(one, items)));
  while (list.length < low) list.push(fillValue(items, inner, name));
  return list;
}

/** Moves a text or number into the bounds of its schema. */
function fitValue(value: unknown, schema: DemoFields): unknown {
  if (typeof value === "string") {
    const characters = [...value];
    const low = Math.min(readNumber(schema["minLength"], 0), MAX_PADDED_CHARS);
    const kept = characters.slice(0, readNumber(schema["maxLength"], characters.length));
    return kept.join("") + "…".repeat(Math.max(0, low - kept.length));
  }
  if (typeof value !== "number") return value;
  const { low, high, step } = getBounds(schema);
  const within = clamp(value, low, high);
  if (step === 0) return within;
  const stepped = Math.round(within / step) * step;
  if (stepped < low) return Math.ceil(low / step) * step;
  return stepped > high ? Math.floor(high / step) * step : stepped;
}

/** @returns the bounds of a number; `step` is 0 if every number between them is allowed */
function getBounds(schema: DemoFields): { low: number; high: number; step: number } {
  const step = readNumber(schema["multipleOf"], 0) || (getType(schema) === "integer" ? 1 : 0);
  const margin = step || 0.5;
  const low = readNumber(schema["exclusiveMinimum"], Number.NEGATIVE_INFINITY) + margin;
  const high = readNumber(schema["exclusiveMaximum"], Number.POSITIVE_INFINITY) - margin;
  return {
    step,
    low: Math.max(readNumber(schema["minimum"], low), low),
    high: Math.min(readNumber(schema["maximum"], high), high),
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

function readFields(value: unknown): DemoFields {
  return isFields(value) ? value : {};
}

function readNames(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === "string") : [];
}

function readNumber(value: unknown, missing: number): number {
  return typeof value === "number" && Number.isFinite(value) ? value : missing;
}
