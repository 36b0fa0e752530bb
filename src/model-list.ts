import type { Dispatcher } from "undici";
import type { Clock } from "./core/clock.js";
import { asFailure, Failure } from "./core/failure.js";
import { tryParseJson } from "./core/json.js";
import { DEFAULT_LIMITS } from "./core/limits.js";
import { redact } from "./core/redact.js";
import type { Endpoint, Provider } from "./providers/provider.js";
import { fetchBody } from "./transport/fetch-body.js";

/** What a list may cost: an editor waits for it. */
const TIMEOUT = 10_000;
const LONGEST_BODY = 1024 * 1024;
const MOST_MODELS = 1000;

/**
 * The names of a service's models, in its own order, at most 1,000.
 * @throws Failure with the endpoint's secrets removed
 */
export async function listModels(
  provider: Provider,
  endpoint: Endpoint,
  dispatcher: Dispatcher,
  clock: Clock,
): Promise<string[]> {
  try {
    const limits = { ...DEFAULT_LIMITS, completion: LONGEST_BODY };
    const { status, headers, text } = await fetchBody(provider.models(endpoint), {
      dispatcher,
      clock,
      limits,
      timeout: TIMEOUT,
    });
    if (status >= 300) throw provider.failure(status, headers, text, clock.date());
    return provider.modelNames(tryParseJson(text)).slice(0, MOST_MODELS);
  } catch (thrown) {
    const failure = asFailure(thrown);
    const secrets = [endpoint.apiKey ?? "", ...Object.values(endpoint.headers ?? {})];
    throw new Failure(failure.code, redact(failure.message, secrets), {
      ...failure.toJSON(),
      provider: provider.id,
    });
  }
}
