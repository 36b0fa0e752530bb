import type { AgentOptions } from "../transport/agent.js";
import type { ProviderNodeConfig } from "./provider-config.js";
import type { NodeRed } from "./red.js";

/** TLS and proxy of a provider, from core's own `tls-config` and `http proxy` nodes. */
export function connectionFrom(
  red: NodeRed,
  config: ProviderNodeConfig,
): Pick<AgentOptions, "tls" | "proxy"> {
  const connection: Pick<AgentOptions, "tls" | "proxy"> = {};
  const tls = config.tls ? red.nodes.getNode(config.tls) : undefined;
  if (typeof tls?.["addTLSOptions"] === "function") {
    const options: Record<string, unknown> = {};
    (tls["addTLSOptions"] as (options: object) => void).call(tls, options);
    connection.tls = options;
  }
  const proxy = config.proxy ? red.nodes.getNode(config.proxy) : undefined;
  if (typeof proxy?.["url"] === "string" && proxy["url"] !== "") {
    connection.proxy = {
      url: proxy["url"],
      noProxy: Array.isArray(proxy["noproxy"]) ? (proxy["noproxy"] as string[]) : [],
      ...(proxy.credentials?.["username"] ? { username: proxy.credentials["username"] } : {}),
      ...(proxy.credentials?.["password"] ? { password: proxy.credentials["password"] } : {}),
    };
  }
  return connection;
}
