import type { Dispatcher } from "undici";
import type { WireRequest } from "../core/chat/request.js";
import type { Clock } from "../core/clock.js";
import { redact } from "../core/errors/redact.js";
import { Failure, toFailure } from "../core/failure.js";
import { DEFAULT_LIMITS } from "../core/limits.js";
import { findModelEnd, readModelEnds } from "../providers/model-ends.js";
import type { Capability, Provider } from "../providers/provider.js";
import type { Endpoint } from "../providers/shared/endpoint.js";
import { fetchJson } from "./fetch-json.js";
import { hideSecrets, listSecrets } from "./hide-secrets.js";

/** The editor waits for the response. */
const TIMEOUT_MS = 10_000;
const MAX_MODELS = 1000;

/** The models of a service. */
export interface ModelList {
  /** At most 1,000, in the order of the service. */
  names: string[];
  /** What some of the models can do, by name. */
  capabilities: Readonly<Record<string, readonly Capability[]>>;
  /** How many workers answered, if the models run on workers. */
  workers?: number;
  /** When some of the models end, by name: a date such as `2027-01-14`. */
  ends: Readonly<Record<string, string>>;
}

/** Reads the list of models from the service. @throws Failure without the secrets of the endpoint */
export async function listModels(
  provider: Provider,
  endpoint: Endpoint,
  dispatcher: Dispatcher,
  clock: Clock,
): Promise<ModelList> {
  try {
    const body = await fetchFrom(provider, provider.buildModelsRequest(endpoint), dispatcher, clock);
    const secrets = listSecrets(endpoint);
    const names = provider
      .readModelNames(body, endpoint)
      .slice(0, MAX_MODELS)
      .map((name) => redact(name, secrets));
    const workers = provider.countWorkers?.(body);
    const known = names.flatMap((name) => {
      const end = findModelEnd(provider.id, name);
      return end === undefined ? [] : [[name, end] as const];
    });
    return {
      names,
      capabilities: provider.readCapabilities?.(body) ?? {},
      ends: { ...Object.fromEntries(known), ...readModelEnds(body) },
      ...(workers === undefined ? {} : { workers }),
    };
  } catch (thrown) {
    throw hideSecrets(explainMissingList(toFailure(thrown), provider), provider, endpoint);
  }
}

/** Some gateways have no list of models and can chat all the same. With jobs, `not_found` means something else. */
function explainMissingList(failure: Failure, provider: Provider): Failure {
  if (failure.code !== "not_found" || provider.job) return failure;
  return new Failure(
    "not_found",
    `The service gives no list of models (${failure.status}). Chat may still work, if the base URL is right.`,
    failure.toJSON(),
  );
}

/**
 * Reads how much is left to spend, such as `3.20 USD`.
 * @returns undefined if the service does not say, or not for this key
 * @throws Failure `authentication` if the key is wrong, without the secrets of the endpoint
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
    const text = balance.read(await fetchFrom(provider, balance.request(endpoint), dispatcher, clock));
    return text === undefined ? undefined : redact(text, listSecrets(endpoint));
  } catch (thrown) {
    const failure = toFailure(thrown);
    if (failure.code === "authentication") throw hideSecrets(failure, provider, endpoint);
    return undefined;
  }
}

function fetchFrom(
  provider: Provider,
  request: WireRequest,
  dispatcher: Dispatcher,
  clock: Clock,
): Promise<unknown> {
  return fetchJson(provider, request, { dispatcher, clock, limits: DEFAULT_LIMITS, timeout: TIMEOUT_MS });
}
