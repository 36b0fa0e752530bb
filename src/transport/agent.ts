import { Agent, type Dispatcher, EnvHttpProxyAgent } from "undici";

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
const MAX_HEADER_SIZE = 16 * 1024;

/** The pool of connections that all streams of a provider share. HTTP/1.1: one stream, one connection. */
export function createAgent(options: AgentOptions): Dispatcher {
  const connect = { timeout: options.connectTimeout, ...options.tls };
  const common = { connect, pipelining: 1, maxHeaderSize: MAX_HEADER_SIZE, allowH2: false };
  if (options.direct) return new Agent(common);
  const { proxy } = options;
  if (!proxy?.url) return new EnvHttpProxyAgent({ ...common, requestTls: options.tls ?? {} });
  const token = proxy.username
    ? `Basic ${Buffer.from(`${proxy.username}:${proxy.password ?? ""}`).toString("base64")}`
    : undefined;
  return new EnvHttpProxyAgent({
    ...common,
    requestTls: connect,
    httpProxy: proxy.url,
    httpsProxy: proxy.url,
    noProxy: (proxy.noProxy ?? []).join(","),
    ...(token === undefined ? {} : { token }),
  });
}
