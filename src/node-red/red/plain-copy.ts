import { Failure, readReason } from "../../core/failure.js";

/**
 * Copies a value as plain JSON data. The copy shares nothing with the original, so a flow that changes its message later
 * changes neither the request that is sent nor the one that is reported.
 * @param name names the value in the author's terms, for the error
 * @throws Failure `invalid_request` if JSON cannot hold the value: an object that contains itself, a BigInt, a getter that
 *   throws
 */
export function copyAsJson<T>(value: T, name: string): T {
  if (value === undefined) return value;
  try {
    return JSON.parse(JSON.stringify(value)) as T;
  } catch (thrown) {
    throw new Failure("invalid_request", `${name} cannot be sent as JSON: ${readReason(thrown)}.`);
  }
}
