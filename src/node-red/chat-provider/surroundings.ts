import type { BrokerLink } from "../../transport/broker/link.js";
import type { NodeRed, RuntimeNode } from "../red/api.js";
import { openMqttLink } from "../red/broker/mqtt-link.js";
import { logWarning } from "../red/log.js";
import type { ProviderNodeConfig, Variables } from "./config.js";
import { type Connection, readConnection } from "./tls-and-proxy.js";

/** What a provider needs of Node-RED. */
export interface Surroundings {
  variables: Variables;
  /** Called before the first connection is made; may throw a Failure. */
  readConnection(): Connection;
  /** Opens the connection to the broker of a fleet; may throw a Failure. */
  openBroker(): BrokerLink;
  /** The directory that cassettes are in. */
  userDirectory: string;
  /** Writes a warning into the log. */
  warn(text: string): void;
}

/** Finds the surroundings of a provider. @param node a draft in the editor has none but an id */
export function findSurroundings(
  red: NodeRed,
  node: RuntimeNode | { id: string },
  config: ProviderNodeConfig,
  variables: Variables,
): Surroundings {
  return {
    variables,
    readConnection: () => readConnection(red, config),
    openBroker: () => openMqttLink(red, config.broker, node.id),
    // Only the test helper knows of no user directory. A test has its files below the directory that it is started in.
    userDirectory: red.settings.userDir ?? process.cwd(),
    warn: (text) => {
      if ("warn" in node) logWarning(node, text);
    },
  };
}
