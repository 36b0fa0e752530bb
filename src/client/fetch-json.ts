import type { WireRequest } from "../core/chat/request.js";
import { tryParseJson } from "../core/json/parse.js";
import type { Provider } from "../providers/provider.js";
import { type FetchOptions, fetchBody } from "../transport/fetch-body.js";

/** The longest body of a small request (models, balance, job). OpenRouter's list of models has almost 1 M characters. */
const MAX_BODY_CHARS = 8 * 1024 * 1024;

/**
 * Sends a small request whose response is JSON.
 * @returns undefined if the body is not JSON
 * @throws Failure in the provider's words if the service refuses; see `fetchBody()` for the others
 */
export async function fetchJson(
  provider: Provider,
  request: WireRequest,
  options: FetchOptions,
): Promise<unknown> {
  const limits = { ...options.limits, completion: MAX_BODY_CHARS };
  const { status, headers, text } = await fetchBody(request, { ...options, limits });
  if (status >= 300) throw provider.readError(status, headers, text, options.clock.date());
  return tryParseJson(text);
}
