import type { Chunk } from "./chunk.js";
import { isObject } from "./json.js";

/**
 * A chunk that came on a message: anything may have happened to it on its way.
 * @returns undefined where it is none in canonical form
 */
export function readChunk(value: unknown): Chunk | undefined {
  if (!isObject(value) || !Array.isArray(value["choices"])) return undefined;
  const whole = value["choices"].every(
    (choice) => isObject(choice) && Number.isInteger(choice["index"]) && isObject(choice["delta"]),
  );
  return whole ? (value as unknown as Chunk) : undefined;
}
