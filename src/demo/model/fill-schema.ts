import { type DemoFields, isFields } from "../json.js";
import type { PromptValues } from "./values.js";

/** Beyond this depth, optional properties are left out and lists are as short as allowed. */
const MAX_OPTIONAL_DEPTH = 6;
const MAX_DEPTH = 24;
const MAX_ITEMS = 50;
const MAX_PADDED_CHARS = 10_000;
/** Values of one answer: a schema that contains itself twice would grow without end. */
const MAX_VALUES = 2_000;

interface Place {
  readonly name: string;
  readonly depth: number;
  readonly required: boolean;
}

/**
 * Makes a value that fits a JSON Schema. It knows `type`, `properties`, `required`, `items`, `enum`, `const`, `anyOf`,
 * `oneOf`, `$ref` within the schema, and the bounds of numbers, texts and lists. It does not know `pattern`: a pattern
 * of a stranger could block the event loop.
 */
export function fillSchema(root: unknown, values: PromptValues): unknown {
  let valuesLeft = MAX_VALUES;

  function fill(unresolved: unknown, place: Place): unknown {
    const schema = resolveSchema(unresolved, root);
    if (place.depth > MAX_DEPTH || --valuesLeft < 0) return null;
    if ("const" in schema) return schema["const"];
    const { name } = place;
    /** Undefined leaves an optional property out. */
    const useDefault = (invented: unknown): unknown =>
      place.required || values.mayInvent ? (schema["default"] ?? invented) : undefined;
    const allowed = schema["enum"];
    if (Array.isArray(allowed)) return values.findChoice(allowed) ?? useDefault(allowed[0]);
    switch (getType(schema)) {
      case "object":
        return fillObject(schema, place);
      case "array":
        return fillList(schema, place);
      case "integer":
      case "number":
        return fitValue(values.findNumber(name) ?? useDefault(Math.max(getBounds(schema).low, 1)), schema);
      case "boolean":
        return values.findBoolean(name) ?? useDefault(false);
      case "null":
        return null;
      default:
        return fitValue(values.findText(name, schema) ?? useDefault(values.inventText(name, schema)), schema);
    }
  }

  function fillObject(schema: DemoFields, { depth }: Place): DemoFields {
    const properties = isFields(schema["properties"]) ? schema["properties"] : {};
    const requiredNames = Array.isArray(schema["required"]) ? schema["required"] : [];
    const filled = Object.entries(properties).map(([name, property]) => {
      const required = requiredNames.includes(name);
      const isKept = required || depth <= MAX_OPTIONAL_DEPTH;
      return [name, isKept ? fill(property, { name, depth: depth + 1, required }) : undefined] as const;
    });
    return Object.fromEntries(filled.filter(([, value]) => value !== undefined));
  }

  function fillList(schema: DemoFields, { name, depth, required }: Place): unknown[] | undefined {
    const low = Math.min(readNumber(schema["minItems"], 0), MAX_ITEMS);
    const high = clamp(readNumber(schema["maxItems"], MAX_ITEMS), low, MAX_ITEMS);
    const fillItem = (): unknown => fill(schema["items"], { name, depth: depth + 1, required: true });
    const items = resolveSchema(schema["items"], root);
    const type = getType(items);
    if (type === "object" || type === "array") {
      const count = depth > MAX_OPTIONAL_DEPTH ? 0 : values.countObjects(items);
      return Array.from({ length: clamp(count, low, high) }, fillItem);
    }
    const found = findItems(items, name, values);
    if (found.length === 0 && !required && !values.mayInvent) return undefined;
    const list = found.slice(0, high);
    while (list.length < low) list.push(fillItem());
    return list;
  }

  return fill(root, { name: "", depth: 0, required: true });
}

/** Finds values for a list in the prompt. @param items the schema of each */
function findItems(items: DemoFields, name: string, values: PromptValues): unknown[] {
  const allowed = items["enum"];
  if (Array.isArray(allowed)) return allowed.filter((one) => values.findChoice([one]) !== undefined);
  const type = getType(items) === "integer" ? "number" : getType(items);
  const found = values.findItems(name, items).filter((one) => typeof one === type);
  return found.map((one) => fitValue(one, items));
}

/** Follows `$ref`, and takes the first alternative of `anyOf` or `oneOf` that is not null. */
function resolveSchema(schema: unknown, root: unknown, hops = 0): DemoFields {
  if (!isFields(schema) || hops > MAX_DEPTH) return {};
  const { $ref: reference, anyOf, oneOf } = schema;
  if (typeof reference === "string") return resolveSchema(findReference(reference, root), root, hops + 1);
  const alternatives = anyOf ?? oneOf;
  if (!Array.isArray(alternatives)) return schema;
  const chosen = alternatives.find((one) => isFields(one) && one["type"] !== "null");
  return { ...schema, ...resolveSchema(chosen, root, hops + 1) };
}

function findReference(reference: string, root: unknown): unknown {
  const keys = reference.split("/").slice(1);
  return keys.reduce((at: unknown, key) => {
    const name = key.replaceAll("~1", "/").replaceAll("~0", "~");
    return isFields(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }, root);
}

function getType(schema: DemoFields): string {
  const { type } = schema;
  if (typeof type === "string") return type;
  if (Array.isArray(type)) return String(type.find((one) => one !== "null") ?? "null");
  if ("properties" in schema) return "object";
  return "items" in schema ? "array" : "string";
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
    low: readNumber(schema["minimum"], low),
    high: readNumber(schema["maximum"], high),
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

function readNumber(value: unknown, missing: number): number {
  return typeof value === "number" && Number.isFinite(value) ? value : missing;
}
