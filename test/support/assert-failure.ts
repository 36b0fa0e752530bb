import assert from "node:assert/strict";
import { Failure, type FailureCode } from "../../src/core/failure.js";

/** Asserts that an action throws a `Failure` with this code and a message that matches the pattern. */
export function assertFailure(
  action: () => unknown,
  code: FailureCode,
  pattern: RegExp,
  label = String(pattern),
): void {
  assert.throws(
    action,
    (thrown) => {
      assert.ok(thrown instanceof Failure, String(thrown));
      assert.equal(thrown.code, code, label);
      assert.match(thrown.message, pattern);
      return true;
    },
    label,
  );
}
