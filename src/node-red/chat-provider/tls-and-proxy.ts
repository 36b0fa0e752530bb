import { Failure } from "../../core/failure.js";
import type { AgentOptions } from "../../transport/agent.js";
import type { NodeRed } from "../red/api.js";
import type { ProviderNodeConfig } from "./config.js";

/** TLS options and proxy of a connection, if it has any. */
export type Connection = Pick<AgentOptions, "tls" | "proxy">;

/**
 * Reads TLS options and proxy of a provider from core's own `tls-config` and `http proxy` nodes.
 * @throws Failure `configuration` if such a node is chosen but missing. To connect without the proxy or certificate is
 *   not what the author chose.
 */
export function readConnection(red: NodeRed, config: ProviderNodeConfig): Connection {
  const connection: Connection = {};
  if (config.tls) {
    const tls = red.nodes.getNode(config.tls);
    // A tls-config whose files cannot be read adds no options, and says so only in the log.
    if (typeof tls?.["addTLSOptions"] !== "function" || tls["valid"] === false) {
      throw createMissingFailure("TLS configuration");
    }
    const options: Record<string, unknown> = {};
    (tls["addTLSOptions"] as (options: object) => void).call(tls, options);
    connection.tls = options;
  }
  if (config.proxy) {
    const proxy = red.nodes.getNode(config.proxy);
    if (typeof proxy?.["url"] !== "string" || proxy["url"] === "") throw createMissingFailure("proxy");
    connection.proxy = {
      url: proxy["url"],
      noProxy: Array.isArray(proxy["noproxy"]) ? proxy["noproxy"].map(String) : [],
      allowsUnencrypted: config.allowInsecure === true,
      ...(proxy.credentials?.["username"] ? { username: proxy.credentials["username"] } : {}),
      ...(proxy.credentials?.["password"] ? { password: proxy.credentials["password"] } : {}),
    };
  }
  return connection;
}

function createMissingFailure(kind: string): Failure {
  return new Failure(
    "configuration",
    `The ${kind} of this provider is missing, disabled or broken. Choose another one in the provider's dialog.`,
  );
}
