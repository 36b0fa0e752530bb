import type { WireRequest } from "../../core/chat/request.js";
import type { Endpoint } from "./endpoint.js";

/** The key as most services want it. */
export function buildBearerHeader(endpoint: Endpoint): Record<string, string> {
  return endpoint.apiKey ? { authorization: `Bearer ${endpoint.apiKey}` } : {};
}

/**
 * The headers of a request. Identity encoding: a compressed stream is held back until a block is full, and may be a
 * bomb.
 * @param own the service's own, with the key; names in lower case. What the author sets replaces them.
 */
export function buildHeaders(
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

/** A request whose answer is to come as server-sent events. */
export function buildPostRequest(
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
export function buildGetRequest(endpoint: Endpoint, url: URL): WireRequest {
  return { method: "GET", url, headers: buildHeaders(endpoint, buildBearerHeader(endpoint)) };
}
