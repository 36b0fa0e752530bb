import { DemoError } from "../errors.js";
import type { DemoModel, Fault } from "./models.js";

/** Model ids whose requests are counted at most; the oldest is forgotten first. */
const MAX_COUNTED_MODELS = 1_000;

/** Counts the requests of each model id, for faults that hit only the first `times` of them. */
export class FaultCounter {
  private readonly requests = new Map<string, number>();

  /** @returns the fault of this request; undefined if the request succeeds */
  next({ fault, id }: DemoModel): Fault | undefined {
    if (fault?.times === undefined) return fault;
    const count = this.requests.get(id) ?? 0;
    this.requests.delete(id);
    this.requests.set(id, (count + 1) % (fault.times + 1));
    if (this.requests.size > MAX_COUNTED_MODELS) this.requests.delete(this.requests.keys().next().value!);
    return count < fault.times ? fault : undefined;
  }
}

/** Part of each error that was requested, so that nobody looks for its cause. */
const ON_PURPOSE = "(The model's name triggers this error of the demo.)";
const RATE_LIMIT = `Rate limit reached for requests. Please try again later. ${ON_PURPOSE}`;
const SERVER_ERROR = `The server had an error while processing your request. ${ON_PURPOSE}`;
const OVERLOADED = `The engine is currently overloaded, please try again later. ${ON_PURPOSE}`;

/** The refusal in place of an answer; undefined for a fault that comes later. */
export function buildRefusal({ kind, retryAfter }: Fault): DemoError | undefined {
  // `Retry-After` has whole seconds only; OpenAI and Azure add `retry-after-ms` for the exact time.
  const headers: Record<string, string> =
    retryAfter === undefined
      ? {}
      : { "retry-after": `${Math.ceil(retryAfter)}`, "retry-after-ms": `${Math.round(retryAfter * 1_000)}` };
  if (kind === "429") {
    return new DemoError(429, RATE_LIMIT, { type: "requests", code: "rate_limit_exceeded", headers });
  }
  if (kind === "500") return new DemoError(500, SERVER_ERROR, { type: "server_error", headers });
  if (kind === "503") return new DemoError(503, OVERLOADED, { type: "server_error", headers });
  return undefined;
}

/** The error of an `error` fault: in the stream, or as the whole body of an answer that is not streamed. */
export const ERROR_ON_PURPOSE = new DemoError(500, SERVER_ERROR, {
  type: "server_error",
  code: "server_error",
}).buildBody();

/** The page of an `html` fault, like the sign-in page of a proxy. */
export const HTML_PAGE =
  "<!doctype html>\n<html><head><title>Sign in</title></head>" +
  "<body><h1>Sign in to continue</h1><p>The model's name triggers this page of the demo.</p></body></html>\n";
