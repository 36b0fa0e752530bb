import { ApiError } from "../errors.js";
import type { Fault, ModelSpec } from "./models.js";

/** Model ids remembered at most; the oldest is forgotten first, so that made-up ids cannot fill the memory. */
const REMEMBERED = 1_000;

/** Said in each error that was asked for, so that nobody looks for its cause. */
const ON_PURPOSE = "(The demo model was asked for this fault.)";

/** Counts the requests of each model id, for faults that strike only the first few. */
export class FaultCycle {
  private readonly seen = new Map<string, number>();

  /** @returns the fault that this request meets, or undefined where it goes through. */
  next(model: ModelSpec): Fault | undefined {
    const { fault, id } = model;
    if (fault?.times === undefined) return fault;
    const count = this.seen.get(id) ?? 0;
    this.seen.delete(id);
    this.seen.set(id, (count + 1) % (fault.times + 1));
    if (this.seen.size > REMEMBERED) this.seen.delete(this.seen.keys().next().value!);
    return count < fault.times ? fault : undefined;
  }
}

/** The refusal that stands in place of an answer; undefined for faults that strike later. */
export function refusal(fault: Fault): ApiError | undefined {
  const headers = retryHeaders(fault.retryAfter);
  switch (fault.kind) {
    case "429":
      return new ApiError(429, `Rate limit reached for requests. Please try again later. ${ON_PURPOSE}`, {
        type: "requests",
        code: "rate_limit_exceeded",
        headers,
      });
    case "500":
      return new ApiError(500, `The server had an error while processing your request. ${ON_PURPOSE}`, {
        type: "server_error",
        headers,
      });
    case "503":
      return new ApiError(503, `The engine is currently overloaded, please try again later. ${ON_PURPOSE}`, {
        type: "server_error",
        headers,
      });
    default:
      return undefined;
  }
}

/** What an `error` fault puts into a stream (or, unstreamed, into the body of a 200). */
export function streamedError(): object {
  return new ApiError(500, `The server had an error while processing your request. ${ON_PURPOSE}`, {
    type: "server_error",
    code: "server_error",
  }).body();
}

/** What an `html` fault answers: the page that a wrong address or a captive portal shows. */
export const HTML_PAGE =
  "<!doctype html>\n<html><head><title>Sign in</title></head>" +
  "<body><h1>Sign in to continue</h1><p>The demo model was asked for this page.</p></body></html>\n";

/** `Retry-After` counts whole seconds only; `retry-after-ms` is what OpenAI and Azure add for the rest. */
function retryHeaders(seconds: number | undefined): Record<string, string> {
  if (seconds === undefined) return {};
  return { "retry-after": String(Math.ceil(seconds)), "retry-after-ms": String(Math.round(seconds * 1_000)) };
}
