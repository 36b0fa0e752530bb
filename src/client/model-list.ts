import type { Dispatcher } from "undici";
import type { WireRequest } from "../core/chat/request.js";
import type { Clock } from "../core/clock.js";
import { Failure, toFailure } from "../core/failure.js";
import { DEFAULT_LIMITS } from "../core/limits.js";
import type { Capability, Provider } from "../providers/provider.js";
import type { Endpoint } from "../providers/shared/endpoint.js";
import { fetchJson } from "./fetch-json.js";
import { hideSecrets } from "./hide-secrets.js";

/** What a list may cost: an editor waits for it. */
const TIMEOUT_MS = 10_000;
const MAX_MODELS = 1000;

/** A service's models: names in its own order, at most 1,000, and what is told of some of them. */
export interface ModelList {
  names: string[];
  capabilities: Readonly<Record<string, readonly Capability[]>>;
}

/** @throws Failure with the endpoint's secrets removed */
export async function listModels(
  provider: Provider,
  endpoint: Endpoint,
  dispatcher: Dispatcher,
  clock: Clock,
): Promise<ModelList> {
  try {
    const body = await fetchList(provider, provider.models(endpoint), dispatcher, clock);
    const names = provider.modelNames(body, endpoint).slice(0, MAX_MODELS);
    return { names, capabilities: provider.capabilities?.(body) ?? {} };
  } catch (thrown) {
    throw hideSecrets(explainMissingList(toFailure(thrown), provider), provider, endpoint);
  }
}

/** Not every gateway has a list, which says nothing about chatting. Where jobs are done the request is another. */
function explainMissingList(failure: Failure, provider: Provider): Failure {
  if (failure.code !== "not_found" || provider.job) return failure;
  return new Failure(
    "not_found",
    `The service gives no list of models (${failure.status}). Chat may still work, if the base URL is right.`,
    failure.toJSON(),
  );
}

/**
 * What is left to spend; undefined where the service does not tell, or not with this key.
 * @throws Failure `authentication` where the key is wrong, with the endpoint's secrets removed
 */
export async function readBalance(
  provider: Provider,
  endpoint: Endpoint,
  dispatcher: Dispatcher,
  clock: Clock,
): Promise<string | undefined> {
  const { balance } = provider;
  if (!balance) return undefined;
  try {
    return balance.read(await fetchList(provider, balance.request(endpoint), dispatcher, clock));
  } catch (thrown) {
    const failure = toFailure(thrown);
    if (failure.code === "authentication") throw hideSecrets(failure, provider, endpoint);
    return undefined;
  }
}

function fetchList(
  provider: Provider,
  request: WireRequest,
  dispatcher: Dispatcher,
  clock: Clock,
): Promise<unknown> {
  return fetchJson(provider, request, { dispatcher, clock, limits: DEFAULT_LIMITS, timeout: TIMEOUT_MS });
}
