import { type Context, createContext, Script } from "node:vm";

/** A function was interrupted because it took too long. */
export class TimeLimitError extends Error {
  override readonly name = "TimeLimitError";
}

/** Calls the function that the context holds. Only code that runs in a context can be interrupted. */
const CALL = new Script("work()");

let context: Context | undefined;

/**
 * Runs a function, and interrupts it wherever it is if it takes too long, even within a regular expression. The event
 * loop waits for it. The function must leave nothing behind that is wrong if only half of it was done.
 * @returns what the function returns
 * @throws TimeLimitError; also whatever the function throws
 */
export function runWithTimeLimit<T>(milliseconds: number, work: () => T): T {
  context ??= createContext(Object.create(null));
  let result: T | undefined;
  context["work"] = () => {
    result = work();
  };
  try {
    CALL.runInContext(context, { timeout: milliseconds });
  } catch (thrown) {
    if ((thrown as { code?: unknown } | undefined)?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT") {
      throw new TimeLimitError(`took longer than ${milliseconds} ms`);
    }
    throw thrown;
  } finally {
    context["work"] = undefined;
  }
  return result as T;
}
