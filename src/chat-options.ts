import { randomUUID } from "node:crypto";
import type { Dispatcher } from "undici";
import type { ChatObserver, ChatSetup, JobWish } from "./client/chat-types.js";
import { startRun } from "./client/job-run.js";
import type { ChatMessage } from "./core/chat/chunk.js";
import type { Clock } from "./core/clock.js";
import { Failure } from "./core/failure.js";
import { RecentMap } from "./core/lifecycle/recent-map.js";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, type Limits, type Timeouts } from "./core/limits.js";
import { checkEndpoint } from "./providers/check-endpoint.js";
import { getProvider } from "./providers/index.js";
import type { Provider, ProviderMemory } from "./providers/provider.js";
import type { Endpoint } from "./providers/shared/endpoint.js";
import { createAgent } from "./transport/agent.js";
import { systemClock } from "./transport/system-clock.js";

/** What a library user says to ask something. */
export interface ChatOptions {
  /** `openai`, `openrouter`, `groq`, …; `custom`, `azure-openai` and `demo` need `baseUrl`. */
  provider: string;
  /** Default: the provider's own. */
  baseUrl?: string | undefined;
  apiKey?: string | undefined;
  /** Further request headers. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** What only this service has; see the provider's `settings`. */
  settings?: Readonly<Record<string, unknown>> | undefined;
  model: string;
  messages: readonly ChatMessage[];
  tools?: readonly unknown[] | undefined;
  /** The service's own request fields: `temperature`, `max_tokens`, `n`, … */
  parameters?: Readonly<Record<string, unknown>> | undefined;
  /** Where the service has jobs: which job, if not one for this stream alone. */
  job?: JobWish | undefined;
  /** Milliseconds; see `DEFAULT_TIMEOUTS`. */
  timeouts?: Partial<Timeouts> | undefined;
  /** See `DEFAULT_LIMITS`. */
  limits?: Partial<Limits> | undefined;
  /** Skip and count records that are not JSON instead of failing. Default false. */
  tolerant?: boolean | undefined;
  /** Let a key travel over plain HTTP to another machine. Default false. */
  allowInsecure?: boolean | undefined;
  /** An undici dispatcher of your own, for TLS, a proxy or a pool. Default: one shared by all. */
  dispatcher?: Dispatcher | undefined;
  /** What has been learnt of the service: what it refuses is not tried again. Default: one by base URL, in this process. */
  memory?: ProviderMemory | undefined;
  /** Default: the machine's. */
  clock?: Clock | undefined;
}

let sharedAgent: Dispatcher | undefined;

function getSharedAgent(): Dispatcher {
  sharedAgent ??= createAgent({ connectTimeout: DEFAULT_TIMEOUTS.connect });
  return sharedAgent;
}

/** @throws Failure `configuration` for a bound that is not above 0 */
export function applyDefaults<T extends object>(
  defaults: Readonly<T>,
  given: Partial<T> | undefined,
): Readonly<T> {
  // Without a wish of its own a stream shares the defaults: it holds nothing that it need not.
  if (given === undefined) return defaults;
  const bounds = { ...defaults, ...given };
  for (const [name, value] of Object.entries(bounds)) {
    if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) {
      throw new Failure(
        "configuration",
        `The bound "${name}" must be a number above 0; there is no "never".`,
      );
    }
  }
  return bounds;
}

/**
 * Everything a run needs, checked.
 * @throws Failure `configuration` or `credentials`
 */
export function buildSetup(options: ChatOptions, everyChunk: boolean): ChatSetup {
  try {
    return buildCheckedSetup(options, everyChunk);
  } catch (thrown) {
    if (thrown instanceof Failure) thrown.provider ||= options.provider;
    throw thrown;
  }
}

function buildCheckedSetup(options: ChatOptions, everyChunk: boolean): ChatSetup {
  const provider = getProvider(options.provider);
  const timeouts = applyDefaults(DEFAULT_TIMEOUTS, options.timeouts);
  const endpoint = getEndpoint(provider, options);
  return {
    id: randomUUID(),
    provider,
    endpoint,
    memory: options.memory ?? getMemory(endpoint),
    dispatcher: options.dispatcher ?? getSharedAgent(),
    clock: options.clock ?? systemClock,
    timeouts,
    limits: applyDefaults(DEFAULT_LIMITS, options.limits),
    request: {
      model: options.model,
      messages: options.messages,
      ...(options.tools === undefined ? {} : { tools: options.tools }),
      ...(options.parameters === undefined ? {} : { parameters: options.parameters }),
    },
    ...(options.job ? { job: options.job } : {}),
    tolerant: options.tolerant ?? false,
    everyChunk,
  };
}

/** Of so many services it is kept what was learnt of them; the one that was asked longest ago is forgotten first. */
const MAX_MEMORIES = 100;

const memories = new RecentMap<ProviderMemory>(MAX_MEMORIES);

function getMemory({ baseUrl }: Endpoint): ProviderMemory {
  const memory = memories.get(baseUrl) ?? {};
  memories.set(baseUrl, memory);
  return memory;
}

type Target = Pick<ChatOptions, "provider" | "baseUrl" | "apiKey" | "allowInsecure">;

let latest: { target: Target; endpoint: Endpoint } | undefined;

/** Most calls go where the one before went, and need not be checked again before they leave. */
function getEndpoint(service: Provider, options: ChatOptions): Endpoint {
  const { provider, baseUrl, apiKey, allowInsecure, headers, settings } = options;
  // The caller's own objects may have other values by now.
  if (headers || settings)
    return checkEndpoint(service, { baseUrl, apiKey, headers, settings }, allowInsecure);
  const target: Target = { provider, baseUrl, apiKey, allowInsecure };
  if (latest && isSameTarget(latest.target, target)) return latest.endpoint;
  const endpoint = checkEndpoint(service, target, allowInsecure);
  latest = { target, endpoint };
  return endpoint;
}

function isSameTarget(one: Target, other: Target): boolean {
  return (
    one.provider === other.provider &&
    one.baseUrl === other.baseUrl &&
    one.apiKey === other.apiKey &&
    one.allowInsecure === other.allowInsecure
  );
}

/**
 * The callback form: no promise between the socket and the observer, for those who count microseconds.
 * @throws Failure `configuration` or `credentials`; what goes wrong later reaches `onEnd`
 */
export function startChat(options: ChatOptions, observer: ChatObserver): { cancel(): void } {
  return startRun(buildSetup(options, false), observer);
}
