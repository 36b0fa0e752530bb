import { Failure } from "../../core/failure.js";
import type { AgentOptions } from "../../transport/agent.js";
import type { NodeRed } from "../red/api.js";
import type { ProviderNodeConfig } from "./config.js";

/** How connections are made that are not simply made. */
export type Connection = Pick<AgentOptions, "tls" | "proxy">;

/**
 * TLS and proxy of a provider, from core's own `tls-config` and `http proxy` nodes.
 * @throws Failure `configuration` where such a node is named but not there: to go without it, past a proxy or without
 *   the certificate that was asked for, is not what the author chose
 */
export function readConnection(red: NodeRed, config: ProviderNodeConfig): Connection {
  const connection: Connection = {};
  if (config.tls) {
    const tls = red.nodes.getNode(config.tls);
    // One whose files cannot be read adds nothing, and says so only in the log.
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
      noProxy: Array.isArray(proxy["noproxy"]) ? (proxy["noproxy"] as string[]) : [],
      ...(proxy.credentials?.["username"] ? { username: proxy.credentials["username"] } : {}),
      ...(proxy.credentials?.["password"] ? { password: proxy.credentials["password"] } : {}),
    };
  }
  return connection;
}

function createMissingFailure(what: string): Failure {
  return new Failure(
    "configuration",
    `The ${what} that this provider names is missing, disabled or broken. Choose another in the provider's dialog.`,
  );
}
