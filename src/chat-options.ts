import { randomUUID } from "node:crypto";
import type { Dispatcher } from "undici";
import {
  type ChatObserver,
  type ChatSetup,
  type JobWish,
  type ResumePoint,
  replaceEnd,
} from "./client/chat-types.js";
import { startRun } from "./client/job-run.js";
import type { ChatMessage } from "./core/chat/chunk.js";
import type { Clock } from "./core/clock.js";
import { checkOwnPrices, type OwnPrices } from "./core/cost/own-prices.js";
import { Failure } from "./core/failure.js";
import { addAbortListener } from "./core/lifecycle/abort-listener.js";
import { RecentMap } from "./core/lifecycle/recent-map.js";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, type Limits, type Timeouts } from "./core/limits.js";
import { type DemoServer, startDemoServer } from "./demo/server/demo-server.js";
import { checkEndpoint } from "./providers/check-endpoint.js";
import { getProvider } from "./providers/index.js";
import type { Provider, ProviderMemory } from "./providers/provider.js";
import type { ApiForm, Endpoint } from "./providers/shared/endpoint.js";
import { createAgent } from "./transport/agent.js";
import { systemClock } from "./transport/system-clock.js";

/** A chat request for the library: the service, the conversation and how to stream the answer. */
export interface ChatOptions {
  /**
   * Id of the service: `openai`, `openrouter`, `groq` … (see `PROVIDERS`), or a `Provider` of your own. `custom` and
   * `azure-openai` need `baseUrl`. With `demo` and none, `chatStream()` starts a demo server in this process.
   */
  provider: string | Provider;
  /** Address of the service's API. Default: the provider's own. */
  baseUrl?: string | undefined;
  /**
   * The form in which the service is asked, if it has both: `chat` (Chat Completions) or `responses`; `""`: its better one.
   * Default: the better one at the service's own address, `chat` at any other.
   */
  api?: ApiForm | "" | undefined;
  /** The key for the service. It never appears in errors. */
  apiKey?: string | undefined;
  /** Additional request headers. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Settings that only this service has, by name; see `settings` of its entry in `PROVIDERS`. */
  settings?: Readonly<Record<string, unknown>> | undefined;
  /** Name of the model, as the service calls it. Only services that have one of their own need none, such as `demo`. */
  model?: string | undefined;
  /** The conversation, in the form of Chat Completions, or the text of the one message of a user. */
  messages: string | readonly ChatMessage[];
  /** Cancels the stream: reading then throws a Failure `cancelled`. */
  signal?: AbortSignal | undefined;
  /** Tools for the model, in the form of `tools` of Chat Completions. */
  tools?: readonly unknown[] | undefined;
  /**
   * More request fields, under the service's own names: `temperature`, `max_tokens`, `n` … `hosted_tools` names tools that
   * the service runs itself (see docs/providers.md).
   */
  parameters?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Takes up an answer that an earlier stream has begun, at the place that its result says. Needs a service that keeps answers
   * (`parameters.background` with Responses), and the same request.
   */
  resume?: ResumePoint | undefined;
  /** The job to use, if the service bills by job. Default: a new job for this stream. */
  job?: JobWish | undefined;
  /** Your own prices, for models whose price neither the service nor the price list tells. */
  prices?: OwnPrices | undefined;
  /** Timeouts in milliseconds, each above 0. Default: `DEFAULT_TIMEOUTS`. */
  timeouts?: Partial<Timeouts> | undefined;
  /** Limits of size, each above 0. Default: `DEFAULT_LIMITS`. */
  limits?: Partial<Limits> | undefined;
  /** Whether to skip and count records that are not JSON instead of failing. Default: false. */
  tolerant?: boolean | undefined;
  /** Whether a stream that ends without a finish reason fails as `interrupted`, even if it has an end marker. Default: false. */
  needsFinishReason?: boolean | undefined;
  /** Whether to allow sending the key over plain HTTP to another machine. Default: false. */
  allowInsecure?: boolean | undefined;
  /** Your own undici dispatcher, for TLS settings, a proxy or a connection pool. Default: one that all streams share. */
  dispatcher?: Dispatcher | undefined;
  /** What earlier requests learned about the service. Default: one memory for each base URL in this process. */
  memory?: ProviderMemory | undefined;
  /** Source of time and timers. Default: the machine's clock. */
  clock?: Clock | undefined;
}

let sharedAgent: Dispatcher | undefined;

function getSharedAgent(): Dispatcher {
  sharedAgent ??= createAgent({ connectTimeout: DEFAULT_TIMEOUTS.connect });
  return sharedAgent;
}

/**
 * Adds the default to each bound that is not set.
 * @throws Failure `configuration` if a bound is not a finite number above 0
 */
export function applyDefaults<T extends object>(
  defaults: Readonly<T>,
  values: Partial<T> | undefined,
): Readonly<T> {
  // Streams without values of their own share the object with the defaults, to save memory.
  if (values === undefined) return defaults;
  const bounds = { ...defaults, ...values };
  for (const [name, value] of Object.entries(bounds)) {
    if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) {
      throw new Failure(
        "configuration",
        `The limit "${name}" must be a finite number above 0. Set one, or leave it out for the default.`,
      );
    }
  }
  return bounds;
}

/**
 * Checks the options and builds everything that a run needs.
 * @param everyChunk whether the run delivers every chunk as a chunk
 * @throws Failure `configuration` or `credentials`, with the provider's id
 */
export function buildSetup(options: ChatOptions, everyChunk: boolean): ChatSetup {
  try {
    return buildCheckedSetup(options, everyChunk);
  } catch (thrown) {
    if (thrown instanceof Failure) thrown.provider ||= readProviderId(options);
    throw thrown;
  }
}

/** Every option. A record, so that the compiler finds one that is missing. */
const OPTIONS: Readonly<Record<keyof ChatOptions, true>> = {
  provider: true,
  baseUrl: true,
  api: true,
  apiKey: true,
  headers: true,
  settings: true,
  model: true,
  messages: true,
  signal: true,
  tools: true,
  parameters: true,
  job: true,
  resume: true,
  prices: true,
  timeouts: true,
  limits: true,
  tolerant: true,
  needsFinishReason: true,
  allowInsecure: true,
  dispatcher: true,
  memory: true,
  clock: true,
};

/** @throws Failure `configuration` that names an option that does not exist, such as a misspelt one */
function checkNames(options: ChatOptions): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(OPTIONS, name));
  if (unknown === undefined) return;
  throw new Failure(
    "configuration",
    `There is no option “${unknown}”. Request fields such as temperature go into “parameters”.`,
  );
}

/** @returns the id of the service that the options name */
export function readProviderId({ provider }: ChatOptions): string {
  return typeof provider === "string" ? provider : provider.id;
}

/** The demo server of this process, started by the first stream that has no address for it. */
let demo: Promise<DemoServer> | undefined;

/** Whether the options mean the demo server of this process. */
export function needsDemo({ provider, baseUrl }: ChatOptions): boolean {
  return provider === "demo" && !baseUrl;
}

/** Fills in the address and the key of the demo server of this process. It does not keep the process alive. */
export async function fillInDemo(options: ChatOptions): Promise<ChatOptions> {
  demo ??= startDemoServer();
  const { baseUrl, apiKey } = await demo;
  return { ...options, baseUrl, apiKey };
}

function buildCheckedSetup(options: ChatOptions, everyChunk: boolean): ChatSetup {
  checkNames(options);
  const provider = typeof options.provider === "string" ? getProvider(options.provider) : options.provider;
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
      model: options.model ?? "",
      messages:
        typeof options.messages === "string"
          ? [{ role: "user", content: options.messages }]
          : options.messages,
      ...(options.tools === undefined ? {} : { tools: options.tools }),
      ...(options.parameters === undefined ? {} : { parameters: options.parameters }),
    },
    resume: options.resume,
    ...(options.job ? { job: options.job } : {}),
    ...(options.prices ? { prices: checkOwnPrices(options.prices) } : {}),
    tolerant: options.tolerant ?? false,
    needsFinishReason: options.needsFinishReason ?? false,
    everyChunk,
  };
}

/** How many base URLs have a memory. The one that was used longest ago is forgotten first. */
const MAX_MEMORIES = 100;

const memories = new RecentMap<ProviderMemory>(MAX_MEMORIES);

function getMemory({ baseUrl }: Endpoint): ProviderMemory {
  const memory = memories.get(baseUrl) ?? {};
  memories.set(baseUrl, memory);
  return memory;
}

/** The options that make an endpoint, except objects. */
type Target = Pick<ChatOptions, "provider" | "baseUrl" | "api" | "apiKey" | "allowInsecure">;

/** The latest endpoint that was checked. */
let latest: { target: Target; endpoint: Endpoint } | undefined;

/** Gets the checked endpoint. Most requests go to the same one as the previous request, which needs no second check. */
function getEndpoint(provider: Provider, options: ChatOptions): Endpoint {
  const { baseUrl, apiKey, allowInsecure, headers, settings } = options;
  const api = options.api === undefined ? {} : { api: options.api };
  // The caller may have changed values inside of these objects.
  if (headers || settings) {
    return checkEndpoint(provider, { baseUrl, ...api, apiKey, headers, settings }, allowInsecure);
  }
  const target: Target = { provider: options.provider, baseUrl, ...api, apiKey, allowInsecure };
  if (latest && isSameTarget(latest.target, target)) return latest.endpoint;
  const endpoint = checkEndpoint(provider, target, allowInsecure);
  latest = { target, endpoint };
  return endpoint;
}

function isSameTarget(one: Target, other: Target): boolean {
  return (
    one.provider === other.provider &&
    one.baseUrl === other.baseUrl &&
    one.api === other.api &&
    one.apiKey === other.apiKey &&
    one.allowInsecure === other.allowInsecure
  );
}

/**
 * Sends a chat request and delivers the answer by callbacks. This is the fastest way to read a stream, because there is no
 * promise between the socket and the observer. Use `chatStream()` to read it with `for await`.
 *
 * The observer's `onEnd()` is called exactly once, after this function has returned.
 * @returns a handle to cancel the stream; the result then has the outcome `cancelled`
 * @throws Failure `configuration` or `credentials` if the options are wrong; all later failures reach `onEnd()`
 */
export function startChat(options: ChatOptions, observer: ChatObserver): { cancel(): void } {
  const { signal } = options;
  if (!signal) return startRun(buildSetup(options, false), observer);
  const run = startRun(
    buildSetup(options, false),
    replaceEnd(observer, (result) => {
      removeListener();
      observer.onEnd(result);
    }),
  );
  const removeListener = addAbortListener(signal, () => run.cancel());
  if (signal.aborted) run.cancel();
  return run;
}
