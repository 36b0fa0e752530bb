import type { Fields } from "../json.js";
import { snake } from "./values.js";

/** A schema for the keys that a prompt spells out: `{"city": string}`, or "with the fields city and population". */
export function schemaSpelledOut(text: string): Fields | undefined {
  const pairs = [...text.matchAll(/"([\w-]{1,60})"\s*:\s*("?[\w [\]]*)/g)];
  const listed =
    pairs.length > 0
      ? []
      : (/\b(?:fields?|keys?|properties|property|attributes?)\b(?: (?:are|is|called|named|of))?:?\s+([^.\n]{1,300})/i
          .exec(text)?.[1]
          ?.split(/\s*,\s*(?:and\s+)?|\s+and\s+/)
          .map((key) => /^[`"'“]?([\p{L}_][\p{L}\d_-]{0,40})/u.exec(key.trim())?.[1])
          .filter((key) => key !== undefined) ?? []);
  const hints =
    pairs.length > 0
      ? pairs.map(([, key, hint]) => [key!, hint!] as const)
      : listed.map((key) => [key, ""] as const);
  if (hints.length === 0) return undefined;
  const properties = Object.fromEntries(
    hints.slice(0, 50).map(([key, hint]) => [key, typeByHint(snake(key), hint)]),
  );
  return { type: "object", properties, required: Object.keys(properties) };
}

function typeByHint(key: string, hint: string): Fields {
  if (/^"?(?:number|integer|float|int|\d)/.test(hint)) return { type: "number" };
  if (/^"?(?:bool|true|false)/.test(hint)) return { type: "boolean" };
  if (/^(?:\[|"?(?:array|list|string\[))/.test(hint)) return { type: "array", items: { type: "string" } };
  if (
    hint === "" &&
    /^(?:age|price|amount|count|year|population|temperature|score|rating|quantity|total)$/.test(key)
  ) {
    return { type: "number" };
  }
  // A plural is a list, but for words that only look like one.
  if (hint === "" && /(?:[^su]s|list)$/.test(key) && !/(?:news|sales|series)$/.test(key)) {
    return { type: "array", items: { type: "string" } };
  }
  return { type: "string" };
}
