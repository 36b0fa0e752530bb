import type { WireRequest } from "../core/chat/request.js";
import { tryParseJson } from "../core/json/parse.js";
import type { Provider } from "../providers/provider.js";
import { type FetchOptions, fetchBody } from "../transport/fetch-body.js";

/** Characters. What a service tells of itself (models, a balance, a job) is a list at most; OpenRouter's is near 1 MiB. */
const MAX_BODY_CHARS = 8 * 1024 * 1024;

/**
 * A small request whose answer is JSON.
 * @returns undefined where it is not
 * @throws Failure as the provider words it where the service refuses
 */
export async function fetchJson(
  provider: Provider,
  request: WireRequest,
  options: FetchOptions,
): Promise<unknown> {
  const limits = { ...options.limits, completion: MAX_BODY_CHARS };
  const { status, headers, text } = await fetchBody(request, { ...options, limits });
  if (status >= 300) throw provider.failure(status, headers, text, options.clock.date());
  return tryParseJson(text);
}
