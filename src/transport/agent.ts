import { Agent, type Dispatcher, ProxyAgent } from "undici";
import { Failure } from "../core/failure.js";
import { isPlainName, isThisMachine, NoProxy } from "./direct-hosts.js";
import { createPool } from "./pool.js";
import { ProxyPool, type ProxyRoute, ProxyRouter } from "./proxy.js";

/** TLS settings in the form of `tls.connect()`. */
export type TlsOptions = Record<string, unknown>;

/** A proxy that the author has chosen. */
export interface ProxyOptions {
  url: string;
  /** Hosts that are asked without it, in the forms of `NO_PROXY`. */
  noProxy?: readonly string[];
  username?: string;
  password?: string;
  /** Whether plain HTTP requests to this machine may pass it. Default: false, they are made directly. */
  allowsUnencrypted?: boolean;
}

/** How the connections of a provider are made. */
export interface AgentOptions {
  /** Milliseconds within which a connection must be open. */
  connectTimeout: number;
  tls?: TlsOptions;
  /** Default: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` of the environment, which never apply to this machine. */
  proxy?: ProxyOptions;
  /** Whether to ignore all proxies, for this package's own server on this machine. Default: false. */
  direct?: boolean;
}

/** The largest header section of a response. Services send 1 to 4 KB. */
const MAX_HEADER_BYTES = 16 * 1024;

/** Environment variables that name the proxy of a scheme. The first that is set counts, as with curl and undici. */
const HTTP_VARIABLES = ["http_proxy", "HTTP_PROXY"] as const;
const HTTPS_VARIABLES = ["https_proxy", "HTTPS_PROXY"] as const;

/**
 * Creates the dispatcher that all streams of a provider share. It uses HTTP/1.1 without pipelining, so that each stream
 * has a connection of its own.
 * @throws Failure `configuration` if the address of the chosen proxy is not valid. That of an environment variable fails
 *   only the requests that need it.
 */
export function createAgent(options: AgentOptions): Dispatcher {
  const connect = { timeout: options.connectTimeout, ...options.tls };
  const common = {
    connect,
    pipelining: 1,
    maxHeaderSize: MAX_HEADER_BYTES,
    allowH2: false,
    factory: createPool,
  };
  const direct = new Agent(common);
  if (options.direct) return direct;
  const createRoute = (url: string, token?: string): ProxyRoute => ({
    proxy: new URL(url).host,
    dispatcher: new ProxyAgent({
      ...common,
      uri: url,
      requestTls: connect,
      proxyTls: { timeout: options.connectTimeout },
      // Without the timeout, a proxy that accepts a connection and then stays silent would hold it for undici's 5 minutes.
      clientFactory: (origin: URL, poolOptions: object) =>
        new ProxyPool(origin, { ...poolOptions, headersTimeout: options.connectTimeout }),
      ...(token === undefined ? {} : { token }),
    }),
  });
  const { proxy } = options;
  return proxy?.url ? routeByChoice(direct, proxy, createRoute) : routeByEnvironment(direct, createRoute);
}

/** @returns the proxy that requests to a URL use, as host and port; undefined if they use none */
export function findProxy(dispatcher: Dispatcher, url: URL): string | undefined {
  return hasProxies(dispatcher) ? dispatcher.findProxy(url) : undefined;
}

function hasProxies(dispatcher: Dispatcher): dispatcher is Dispatcher & Pick<ProxyRouter, "findProxy"> {
  return "findProxy" in dispatcher;
}

type CreateRoute = (url: string, token?: string) => ProxyRoute;

function routeByChoice(direct: Dispatcher, proxy: ProxyOptions, createRoute: CreateRoute): Dispatcher {
  const { url, username, password = "", allowsUnencrypted = false } = proxy;
  const noProxy = new NoProxy((proxy.noProxy ?? []).join(","));
  let route: ProxyRoute;
  try {
    route = createRoute(url, username ? buildBasicToken(username, password) : undefined);
  } catch {
    throw new Failure(
      "configuration",
      "The address of the proxy is not valid. Set one such as http://proxy.example.org:8080 in the provider; without one there, the environment variables HTTP_PROXY and HTTPS_PROXY are used.",
    );
  }
  const isDirect = (target: URL) =>
    noProxy.has(target) || (target.protocol === "http:" && !allowsUnencrypted && isThisMachine(target));
  return new ProxyRouter({ direct, http: route, https: route, isDirect });
}

function routeByEnvironment(direct: Dispatcher, createRoute: CreateRoute): Dispatcher {
  const readRoute = (names: readonly string[]): ProxyRoute | Failure | undefined => {
    const name = names.find((candidate) => process.env[candidate] !== undefined);
    const address = (name && process.env[name]?.trim()) || "";
    if (address === "") return undefined;
    try {
      return createRoute(addScheme(address));
    } catch {
      return new Failure(
        "configuration",
        `The environment variable ${name} is not the address of a proxy. Set one such as http://proxy.example.org:8080, or name the service's host in NO_PROXY.`,
      );
    }
  };
  const http = readRoute(HTTP_VARIABLES);
  const https = readRoute(HTTPS_VARIABLES) ?? http;
  if (!http && !https) return direct;
  const noProxy = new NoProxy(process.env["no_proxy"] ?? process.env["NO_PROXY"] ?? "");
  // The variables are not about this package, and no one chose the proxy for what is on this machine or beside it.
  const isDirect = (target: URL) => noProxy.has(target) || isThisMachine(target) || isPlainName(target);
  return new ProxyRouter({ direct, http, https, isDirect });
}

/** Curl and many tools take `host:port` for a proxy that is asked by plain HTTP. */
function addScheme(address: string): string {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(address) ? address : `http://${address}`;
}

function buildBasicToken(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
