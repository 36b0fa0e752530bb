import { Agent, type Dispatcher, EnvHttpProxyAgent, Pool } from "undici";
import { Failure } from "../core/failure.js";
import { createPool } from "./pool.js";

/** TLS settings in the form of `tls.connect()`. */
export type TlsOptions = Record<string, unknown>;

/** How the connections of a provider are made. */
export interface AgentOptions {
  /** Milliseconds within which a connection must be open. */
  connectTimeout: number;
  tls?: TlsOptions;
  /** The proxy for all hosts except those in `noProxy`. Default: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` of the environment. */
  proxy?: { url: string; noProxy?: readonly string[]; username?: string; password?: string };
  /** Whether to ignore all proxies, for this package's own server on this machine. Default: false. */
  direct?: boolean;
}

/** The largest header section of a response. Services send 1 to 4 KB. */
const MAX_HEADER_BYTES = 16 * 1024;

/** Environment variables that name a proxy. If none is set, requests need no check of `NO_PROXY`. */
const PROXY_VARIABLES = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"] as const;

/**
 * Creates the dispatcher that all streams of a provider share. It uses HTTP/1.1 without pipelining, so that each stream
 * has a connection of its own.
 * @throws Failure `configuration` if the address of a proxy is not valid
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
  if (options.direct) return new Agent(common);
  const { proxy } = options;
  const proxied = {
    ...common,
    requestTls: connect,
    // Without this, a proxy that accepts a connection and then stays silent would hold it for undici's 5 minutes.
    clientFactory: (origin: URL, poolOptions: object) =>
      new Pool(origin, { ...poolOptions, headersTimeout: options.connectTimeout }),
  };
  try {
    if (!proxy?.url) {
      return PROXY_VARIABLES.some((name) => process.env[name])
        ? new EnvHttpProxyAgent(proxied)
        : new Agent(common);
    }
    return new EnvHttpProxyAgent({
      ...proxied,
      httpProxy: proxy.url,
      httpsProxy: proxy.url,
      noProxy: (proxy.noProxy ?? []).join(","),
      ...(proxy.username ? { token: buildBasicToken(proxy.username, proxy.password ?? "") } : {}),
    });
  } catch {
    throw new Failure(
      "configuration",
      "The address of the proxy is not valid. Set one such as http://proxy.example.org:8080 in the provider; without one there, the environment variables HTTP_PROXY and HTTPS_PROXY are used.",
    );
  }
}

function buildBasicToken(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
