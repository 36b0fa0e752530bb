import { Failure, readReason } from "../../core/failure.js";

/**
 * A copy that is plain JSON data, of which nothing is shared with the original: what goes to the service, and what
 * is reported as asked, stays what it was when whoever sent the message goes on to change it.
 * @param name how the author calls the value
 * @throws Failure `invalid_request` for what JSON cannot hold: an object that contains itself, a BigInt, a getter
 *   that throws
 */
export function copyAsJson<T>(value: T, name: string): T {
  if (value === undefined) return value;
  try {
    return JSON.parse(JSON.stringify(value)) as T;
  } catch (thrown) {
    throw new Failure("invalid_request", `${name} cannot be sent as JSON: ${readReason(thrown)}.`);
  }
}
