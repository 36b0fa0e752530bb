/** A JSON object whose fields are not checked yet. */
export type DemoFields = Record<string, unknown>;

export function isFields(value: unknown): value is DemoFields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @returns the parsed value; undefined if `text` is not JSON */
export function parseDemoJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
