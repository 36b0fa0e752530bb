import type { Dispatcher } from "undici";
import type { Clock } from "./core/clock.js";
import { asFailure } from "./core/failure.js";
import { DEFAULT_LIMITS } from "./core/limits.js";
import type { WireRequest } from "./core/request.js";
import { fetchJson } from "./fetch-json.js";
import type { Capability, Endpoint, Provider } from "./providers/provider.js";
import { withoutSecrets } from "./without-secrets.js";

/** What a list may cost: an editor waits for it. */
const TIMEOUT = 10_000;
const MOST_MODELS = 1000;

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
    const body = await read(provider, provider.models(endpoint), dispatcher, clock);
    const names = provider.modelNames(body).slice(0, MOST_MODELS);
    return { names, capabilities: provider.capabilities?.(body) ?? {} };
  } catch (thrown) {
    throw withoutSecrets(asFailure(thrown), provider, endpoint);
  }
}

/** What is left to spend; undefined where the service does not tell, or not with this key. */
export async function readBalance(
  provider: Provider,
  endpoint: Endpoint,
  dispatcher: Dispatcher,
  clock: Clock,
): Promise<string | undefined> {
  const { balance } = provider;
  if (!balance) return undefined;
  try {
    return balance.read(await read(provider, balance.request(endpoint), dispatcher, clock));
  } catch {
    return undefined;
  }
}

function read(
  provider: Provider,
  request: WireRequest,
  dispatcher: Dispatcher,
  clock: Clock,
): Promise<unknown> {
  return fetchJson(provider, request, { dispatcher, clock, limits: DEFAULT_LIMITS, timeout: TIMEOUT });
}
