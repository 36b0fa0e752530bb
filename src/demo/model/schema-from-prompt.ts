import type { DemoFields } from "../json.js";

const MAX_KEYS = 50;
const TEXTS: DemoFields = { type: "array", items: { type: "string" } };

/** A schema for the keys that a prompt names: `{"city": string}`, or "with the fields city and population". */
export function buildSchemaFromPrompt(text: string): DemoFields | undefined {
  const pairs = [...text.matchAll(/"([\w-]{1,60})"\s*:\s*("?[\w [\]]*)/g)].map(([, key, hint]) => [
    key!,
    hint!,
  ]);
  const listed = /\b(?:fields?|keys?|properties)\b(?: (?:are|named|called))?:?\s+([^.\n]{1,300})/i.exec(
    text,
  )?.[1];
  const names = (listed?.split(/,|\band\b/) ?? []).flatMap(
    (name) => /^[`"'“]?(\p{L}[\p{L}\d_-]{0,40})/u.exec(name.trim())?.slice(1) ?? [],
  );
  const keys = pairs.length > 0 ? pairs : names.map((name) => [name, ""]);
  if (keys.length === 0) return undefined;
  const properties = Object.fromEntries(
    keys.slice(0, MAX_KEYS).map(([key = "", hint = ""]) => [key, guessType(key, hint)]),
  );
  return { type: "object", properties, required: Object.keys(properties) };
}

/** The type that stands behind a key; without one, a plural is a list. */
function guessType(key: string, hint: string): DemoFields {
  if (/^"?(?:number|integer|float|int|\d)/.test(hint)) return { type: "number" };
  if (/^"?(?:bool|true|false)/.test(hint)) return { type: "boolean" };
  if (/^(?:\[|"?(?:array|list))/.test(hint)) return TEXTS;
  if (hint === "" && /^(?:age|price|count|year|population|total)$/.test(key)) return { type: "number" };
  return hint === "" && /[^su]s$/.test(key) ? TEXTS : { type: "string" };
}
