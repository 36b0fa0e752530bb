import type { WireRequest } from "../../core/chat/request.js";
import { classify, isRetryable } from "../../core/errors/classify.js";
import { errorClues, excerpt } from "../../core/errors/error-body.js";
import { type Headers, header, retryHint, shouldRetry } from "../../core/errors/retry-hint.js";
import { Failure, type FailureCode, type FailureDetails } from "../../core/failure.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import { isChatModel } from "./chat-models.js";
import type { Endpoint } from "./endpoint.js";

/** Where a service says which request it was, most usual first. */
const REQUEST_ID_HEADERS = ["x-request-id", "request-id", "cf-ray"];

/** What an author can do about each kind of refusal. */
const ADVICE: Readonly<Partial<Record<FailureCode, string>>> = {
  authentication: "Check the API key in the provider.",
  permission: "The key is valid but may not do this: check its rights and the model.",
  not_found: "Check the model's name and the provider's base URL.",
  insufficient_credits: "Check the balance and the plan of the account.",
  rate_limit: "Ask less often, or put a retry node behind chat-stream.",
  overloaded: "Try again in a while, or put a retry node behind chat-stream.",
  context_length: "Shorten the conversation or choose a model with a larger context.",
};

/** The key as most services want it. */
export function bearer(endpoint: Endpoint): Record<string, string> {
  return endpoint.apiKey ? { authorization: `Bearer ${endpoint.apiKey}` } : {};
}

/**
 * The headers of a request. Identity encoding: a compressed stream is held back until a block is full, and may be a
 * bomb.
 * @param own the service's own, with the key; names in lower case. What the author sets replaces them.
 */
export function headersFor(
  endpoint: Endpoint,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    accept: "application/json",
    "accept-encoding": "identity",
    ...own,
    // In lower case, so that an author's `Authorization` replaces ours instead of going beside it.
    ...Object.fromEntries(
      Object.entries(endpoint.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    ),
  };
}

/** An address under the base URL, whether that ends in a slash or not; its query stays. */
export function joinPath(baseUrl: string, path: string): URL {
  const url = new URL(baseUrl);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
  return url;
}

/** The same where the first part, `v1`, may stand at the end of the base URL already: documents give both. */
export function joinPathOnce(baseUrl: string, part: string, path: string): URL {
  const steps = new URL(baseUrl).pathname.split("/").filter((step) => step !== "");
  return joinPath(baseUrl, steps.at(-1) === part ? path : `${part}/${path}`);
}

/**
 * A name or id as one step of an address.
 * @param what it is, for the error
 * @throws Failure `invalid_request` for dots alone, which would lead elsewhere, and for half a character
 */
export function pathSegment(name: string, what: string): string {
  if (/^\.{0,2}$/.test(name) || /\p{Surrogate}/u.test(name)) {
    throw new Failure("invalid_request", `${what} cannot be part of an address. Check it.`);
  }
  return encodeURIComponent(name);
}

/** A request whose answer is to come as server-sent events. */
export function postJson(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: unknown,
  accept = "text/event-stream",
): WireRequest {
  return {
    method: "POST",
    url,
    headers: { ...headers, "content-type": "application/json", accept },
    body: JSON.stringify(body),
  };
}

/** A question to the service about itself, with the key as most services want it. */
export function getRequest(endpoint: Endpoint, url: URL): WireRequest {
  return { method: "GET", url, headers: headersFor(endpoint, bearer(endpoint)) };
}

/**
 * The names in a list of models, `{data: [{id}]}` or `{models: [{name}]}`, of those that may chat, in the order of the
 * service.
 * @throws Failure `bad_response`
 */
export function modelNames(body: unknown): string[] {
  const list = isObject(body) ? (body["data"] ?? body["models"]) : body;
  if (!Array.isArray(list)) {
    throw new Failure(
      "bad_response",
      "The service's list of models is not in a known form. Check the base URL.",
    );
  }
  return list
    .filter(isChatModel)
    .map((entry) => (isObject(entry) ? (entry["id"] ?? entry["name"]) : entry))
    .filter((name): name is string => typeof name === "string");
}

/**
 * What a response that is no success says, whatever the form of its body.
 * @param now wall-clock milliseconds, for hints that are dates
 */
export function responseFailure(status: number, headers: Headers, body: string, now: number): Failure {
  const parsed = tryParseJson(body);
  const said = errorClues(parsed);
  const message = said?.message || (parsed === undefined ? excerpt(withoutMarkup(body)) : excerpt(body));
  const wait = retryHint(headers, parsed, message, now);
  const code = classify({ ...said, status, message, waits: wait !== undefined });
  const details: FailureDetails = {
    status,
    retryable: shouldRetry(headers) ?? isRetryable(code, status),
    phase: "headers",
  };
  if (wait !== undefined) details.retryAfterMs = Math.round(wait);
  const requestId = REQUEST_ID_HEADERS.map((name) => header(headers, name)).find(Boolean);
  if (requestId) details.requestId = requestId.slice(0, 200);
  const advice = ADVICE[code];
  return new Failure(
    code,
    `The service answered ${status}${message ? `: ${message}` : ""}${advice ? ` — ${advice}` : ""}`,
    details,
  );
}

function withoutMarkup(body: string): string {
  return body
    .slice(0, 8_192)
    .replace(/<(style|script)[\s\S]*?<\/\1>/gi, " ")
    .replace(/<[^>]*>/g, " ");
}
