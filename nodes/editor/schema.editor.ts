/// <reference path="validators.editor.ts" />

/** Checks of a JSON Schema, given as JSON text or as a value. */
namespace Schema {
  const TYPES = ["string", "number", "integer", "boolean", "object", "array", "null"];
  /** Keywords whose value is an object of schemas. */
  const NAMED = ["properties", "patternProperties", "$defs", "definitions"];
  /** Keywords whose value is a list of schemas. */
  const LISTED = ["anyOf", "oneOf", "allOf"];
  /** Keywords whose value is a schema. */
  const NESTED = ["items", "additionalProperties", "not"];

  /** Looks up a text about schemas. They are in the catalogue of chat-provider, which every flow has. */
  export function translate(key: string, values?: Record<string, string>): string {
    return RED._(`@deltaflow/node-red-chat-stream/chat-provider:chat-provider.schema.${key}`, values);
  }

  /** @returns "" if there is no schema */
  export function toText(schema: unknown): string {
    if (typeof schema === "string") return schema;
    return schema === undefined || schema === null ? "" : JSON.stringify(schema, null, 2);
  }

  /** Whether there is a schema to check: not if the field is empty or an environment variable. */
  export function isGiven(schema: unknown): boolean {
    const text = toText(schema).trim();
    return text !== "" && !Validators.isVariable(text);
  }

  /**
   * Finds the first mistake.
   * @param anyType whether values other than objects may be described
   * @returns a sentence, or undefined if the schema is right
   */
  export function findMistake(schema: unknown, anyType = false): string | undefined {
    let value = schema;
    if (typeof schema === "string") {
      try {
        value = JSON.parse(schema);
      } catch {
        return translate("notJson");
      }
    }
    const isRight = Validators.isObject(value) && (anyType || (value["type"] ?? "object") === "object");
    return isRight ? findMistakeIn(value, "") : translate("notObject");
  }

  /** Finds the mistakes that are easily made. The runtime finds the others when the node starts. */
  function findMistakeIn(schema: unknown, path: string): string | undefined {
    const describe = (key: string, value: unknown, place: string) =>
      translate(key, { path: place, value: JSON.stringify(value) ?? "" });
    const at = (keyword: string) => joinPath(path, keyword);
    if (typeof schema === "boolean") return undefined;
    if (!Validators.isObject(schema)) return describe("notSchema", schema, path);
    const { type, properties, required, enum: values } = schema;
    const unknownType = (Array.isArray(type) ? type : [type]).find((one) => !TYPES.includes(one as string));
    if (type !== undefined && unknownType !== undefined) return describe("type", unknownType, at("type"));
    if (required !== undefined && !Array.isArray(required))
      return describe("required", required, at("required"));
    // With one of these keywords the property may be described elsewhere.
    const isWhole = Validators.isObject(properties) && ![...LISTED, "$ref"].some((one) => one in schema);
    const missing = isWhole ? required?.find((name) => !(String(name) in properties)) : undefined;
    if (missing !== undefined) return describe("missing", missing, at("required"));
    if (values !== undefined && !(Array.isArray(values) && values.length > 0))
      return describe("enum", values, at("enum"));
    for (const keyword of NAMED) {
      const schemas = schema[keyword];
      if (keyword in schema && !Validators.isObject(schemas))
        return describe("notNamed", schemas, at(keyword));
    }
    for (const keyword of LISTED) {
      const schemas = schema[keyword];
      if (keyword in schema && !Array.isArray(schemas)) return describe("notList", schemas, at(keyword));
    }
    for (const [place, inner] of listInnerSchemas(schema)) {
      const mistake = findMistakeIn(inner, at(place));
      if (mistake) return mistake;
    }
    return undefined;
  }

  /**
   * Finds what a service refuses that keeps the model to the schema: properties that may be missing, or more of them.
   * @returns a sentence; undefined if there is nothing, or if the schema has a mistake
   */
  export function findLooseness(schema: unknown): string | undefined {
    if (findMistake(schema) !== undefined) return undefined;
    return findLoosenessIn(typeof schema === "string" ? JSON.parse(schema) : schema, "");
  }

  function findLoosenessIn(schema: unknown, path: string): string | undefined {
    if (!Validators.isObject(schema)) return undefined;
    const { type, properties, required, additionalProperties } = schema;
    if (Validators.isObject(properties) || [type].flat().includes("object")) {
      if (additionalProperties !== false)
        return translate("open", { path: joinPath(path, "additionalProperties") });
      const names = Array.isArray(required) ? required : [];
      const optional = Object.keys(properties ?? {}).find((name) => !names.includes(name));
      if (optional !== undefined)
        return translate("optional", { path: joinPath(path, "required"), value: JSON.stringify(optional) });
    }
    for (const [place, inner] of listInnerSchemas(schema)) {
      const looseness = findLoosenessIn(inner, joinPath(path, place));
      if (looseness) return looseness;
    }
    return undefined;
  }

  /** Lists the schemas inside a schema, each with its place. */
  function listInnerSchemas(schema: Record<string, unknown>): (readonly [string, unknown])[] {
    const named = NAMED.flatMap((keyword) =>
      Object.entries(schema[keyword] ?? {}).map(([name, inner]) => [`${keyword}.${name}`, inner] as const),
    );
    const others = [...LISTED, ...NESTED].filter((keyword) => keyword in schema);
    return [
      ...named,
      ...others.flatMap((keyword) => [schema[keyword]].flat().map((inner) => [keyword, inner] as const)),
    ];
  }

  function joinPath(path: string, keyword: string): string {
    return path === "" ? keyword : `${path}.${keyword}`;
  }
}
