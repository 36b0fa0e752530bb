import { Failure } from "../core/failure.js";

/** Runs a step, and reports a `Failure` that it throws. */
export function reportFailures(report: (failure: Failure) => void, step: () => void): void {
  try {
    step();
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    report(thrown);
  }
}
