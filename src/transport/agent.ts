import { Agent, type Dispatcher, EnvHttpProxyAgent, Pool } from "undici";
import { Failure } from "../core/failure.js";
import { createPool } from "./pool.js";

/** TLS settings as `tls.connect` takes them. */
export type TlsOptions = Record<string, unknown>;

/** How connections of one provider are made. */
export interface AgentOptions {
  /** Milliseconds until a connection must stand. */
  connectTimeout: number;
  tls?: TlsOptions;
  /** A proxy for every request but those to `noProxy`; without it the usual environment variables hold. */
  proxy?: { url: string; noProxy?: readonly string[]; username?: string; password?: string };
  /** Never a proxy, whatever the environment says: for a server of our own on this machine. */
  direct?: boolean;
}

/** The header section of a response may not be longer; services send 1 to 4 KB. */
const MAX_HEADER_BYTES = 16 * 1024;

/** What the environment may say of a proxy; without any, each request is spared the look at `NO_PROXY`. */
const PROXY_VARIABLES = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"] as const;

/**
 * The pool of connections that all streams of a provider share. HTTP/1.1: one stream, one connection.
 * @throws Failure `configuration` for a proxy whose address is none
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
    // A proxy that accepts and then says nothing must not keep its connection longer than a service may.
    clientFactory: (origin: URL, given: object) =>
      new Pool(origin, { ...given, headersTimeout: options.connectTimeout }),
  };
  try {
    if (!proxy?.url)
      return PROXY_VARIABLES.some((name) => process.env[name])
        ? new EnvHttpProxyAgent(proxied)
        : new Agent(common);
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
      "The proxy's address is not valid. It looks like http://proxy.example.org:8080; without one in the provider, the environment variables HTTP_PROXY and HTTPS_PROXY hold.",
    );
  }
}

function buildBasicToken(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
