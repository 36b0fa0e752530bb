import type { WireRequest } from "../../core/chat/request.js";
import type { Endpoint } from "./endpoint.js";

/** Builds the header with the key as most services want it; no header without a key. */
export function buildBearerHeader(endpoint: Endpoint): Record<string, string> {
  return endpoint.apiKey ? { authorization: `Bearer ${endpoint.apiKey}` } : {};
}

/**
 * Builds the headers of a request. Identity encoding, because a compressed stream arrives only block by block and may
 * expand without bound.
 * @param serviceHeaders the service's own, with the key; names in lower case. The author's headers replace them
 */
export function buildHeaders(
  endpoint: Endpoint,
  serviceHeaders: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    accept: "application/json",
    "accept-encoding": "identity",
    ...serviceHeaders,
    // In lower case, so that the author's `Authorization` replaces ours instead of being sent beside it.
    ...Object.fromEntries(
      Object.entries(endpoint.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    ),
  };
}

/** Builds a request with a JSON body. @param accept media type of the response; default: server-sent events */
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

/** Builds a request for information about the account or the models, with the key as a bearer token. */
export function buildGetRequest(endpoint: Endpoint, url: URL): WireRequest {
  return { method: "GET", url, headers: buildHeaders(endpoint, buildBearerHeader(endpoint)) };
}
