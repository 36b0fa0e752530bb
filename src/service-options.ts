import type { Dispatcher } from "undici";
import type { ServiceSetup } from "./client/chat-types.js";
import type { Clock } from "./core/clock.js";
import { Failure } from "./core/failure.js";
import { RecentMap } from "./core/lifecycle/recent-map.js";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, type Limits, type Timeouts } from "./core/limits.js";
import { type DemoServer, startDemoServer } from "./demo/server/demo-server.js";
import { rewordForLibrary } from "./library-wording.js";
import { checkEndpoint } from "./providers/check-endpoint.js";
import { getProvider } from "./providers/index.js";
import type { Provider, ProviderMemory } from "./providers/provider.js";
import type { ApiForm, Endpoint } from "./providers/shared/endpoint.js";
import type { KnownProvider } from "./request-types.js";
import { createAgent } from "./transport/agent.js";
import { systemClock } from "./transport/system-clock.js";

/** Which service is asked, and how: the options that all requests of the library share. */
export interface ServiceOptions {
  /**
   * Id of the service: `openai`, `openrouter`, `groq` … (see `PROVIDERS`), or a `Provider` of your own. `custom` and
   * `azure-openai` need `baseUrl`. With `demo` and none, the library starts a demo server in this process.
   */
  provider: KnownProvider | Provider;
  /** Address of the service's API. Default: the provider's own. */
  baseUrl?: string | undefined;
  /** The key for the service. It never appears in errors. */
  apiKey?: string | undefined;
  /** Additional request headers. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Settings that only this service has, by name; see `settings` of its entry in `PROVIDERS`. */
  settings?: Readonly<Record<string, unknown>> | undefined;
  /** Cancels the stream: reading then throws a Failure `cancelled`. */
  signal?: AbortSignal | undefined;
  /** Timeouts in milliseconds, each above 0. Default: `DEFAULT_TIMEOUTS`. */
  timeouts?: Partial<Timeouts> | undefined;
  /** Limits of size, each above 0. Default: `DEFAULT_LIMITS`. */
  limits?: Partial<Limits> | undefined;
  /** Whether to allow sending the key over plain HTTP to another machine. Default: false. */
  allowInsecure?: boolean | undefined;
  /** Your own undici dispatcher, for TLS settings, a proxy or a connection pool. Default: one that all streams share. */
  dispatcher?: Dispatcher | undefined;
  /** Source of time and timers. Default: the machine's clock. */
  clock?: Clock | undefined;
}

/** The names of the options. A record, so that the compiler finds one that is missing. */
export const SERVICE_OPTIONS: Readonly<Record<keyof ServiceOptions, true>> = {
  provider: true,
  baseUrl: true,
  apiKey: true,
  headers: true,
  settings: true,
  signal: true,
  timeouts: true,
  limits: true,
  allowInsecure: true,
  dispatcher: true,
  clock: true,
};

/**
 * Checks the options of the service and fills in the defaults.
 * @param api the form in which the service is asked, if the caller chooses one
 * @throws Failure `configuration` or `credentials`
 */
export function openService(options: ServiceOptions, api?: ApiForm | ""): ServiceSetup {
  const provider = typeof options.provider === "string" ? getProvider(options.provider) : options.provider;
  const timeouts = applyDefaults(DEFAULT_TIMEOUTS, options.timeouts);
  const limits = applyDefaults(DEFAULT_LIMITS, options.limits);
  return {
    provider,
    endpoint: getEndpoint(provider, options, api),
    dispatcher: options.dispatcher ?? getSharedAgent(),
    clock: options.clock ?? systemClock,
    timeouts,
    limits,
  };
}

/**
 * Runs a check of options. A failure that it throws gets the provider's id and the words of the library.
 * @throws Failure as `check` does
 */
export function checkOptions<T>(options: ServiceOptions, check: () => T): T {
  try {
    return check();
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    thrown.provider ||= readProviderId(options);
    throw rewordForLibrary(thrown);
  }
}

/**
 * @param known the names of all options
 * @throws Failure `configuration` that names an option that does not exist, such as a misspelt one
 */
export function checkNames(options: object, known: Readonly<Record<string, true>>): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name));
  if (unknown === undefined) return;
  throw new Failure(
    "configuration",
    `There is no option “${unknown}”. Request fields such as temperature go into “parameters”.`,
  );
}

/** @returns the id of the service that the options name */
export function readProviderId({ provider }: ServiceOptions): string {
  return typeof provider === "string" ? provider : provider.id;
}

/** The demo server of this process, started by the first stream that has no address for it. */
let demo: Promise<DemoServer> | undefined;

/** Whether the options mean the demo server of this process. */
export function needsDemo({ provider, baseUrl }: ServiceOptions): boolean {
  return provider === "demo" && !baseUrl;
}

/** Fills in the address and the key of the demo server of this process. It does not keep the process alive. */
export async function fillInDemo<T extends ServiceOptions>(options: T): Promise<T> {
  demo ??= startDemoServer();
  const { baseUrl, apiKey } = await demo;
  return { ...options, baseUrl, apiKey };
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
function applyDefaults<T extends object>(defaults: Readonly<T>, values: Partial<T> | undefined): Readonly<T> {
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

/** How many base URLs have a memory. The one that was used longest ago is forgotten first. */
const MAX_MEMORIES = 100;

const memories = new RecentMap<ProviderMemory>(MAX_MEMORIES);

/** @returns what earlier requests to the same address learned */
export function getMemory({ baseUrl }: Endpoint): ProviderMemory {
  const memory = memories.get(baseUrl) ?? {};
  memories.set(baseUrl, memory);
  return memory;
}

/** The options that make an endpoint, except objects. */
type Target = Pick<ServiceOptions, "provider" | "baseUrl" | "apiKey" | "allowInsecure"> & {
  api?: ApiForm | "";
};

/** The latest endpoint that was checked. */
let latest: { target: Target; endpoint: Endpoint } | undefined;

/** Gets the checked endpoint. Most requests go to the same one as the previous request, which needs no second check. */
function getEndpoint(provider: Provider, options: ServiceOptions, form: ApiForm | "" | undefined): Endpoint {
  const { baseUrl, apiKey, allowInsecure, headers, settings } = options;
  const api = form === undefined ? {} : { api: form };
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
