import type { Done, Message, NodeConfig, NodeRed, RuntimeNode, Send } from "./api.js";
import { watchDeploys } from "./flow/deploys.js";
import { guardNode } from "./guard.js";
import { copyCopyable } from "./message-copy.js";

/** What one node in a flow does, from its creation to its close. */
export interface NodeController {
  input(message: Message, send: Send, done: Done): void | Promise<void>;
  /** Ends what the node has running; must not throw. @returns a promise if it still writes to a store */
  close(): void | Promise<void>;
}

/**
 * Registers a type of nodes that handle messages. Each node gets a controller of its own, behind the guard.
 * @param type name of the type in flow files
 * @param reports properties of messages that are no part of a stream, such as the answer to `msg.listRuns`. They pass the
 *   node by output 1
 */
export function registerNode<Config extends NodeConfig>(
  red: NodeRed,
  type: string,
  Controller: new (red: NodeRed, node: RuntimeNode, config: Config) => NodeController,
  reports: readonly string[] = [],
): void {
  function MessageNode(this: RuntimeNode, config: Config): void {
    red.nodes.createNode(this, config);
    const controller = new Controller(red, this, config);
    guardNode(
      this,
      (message, send, done) => {
        if (!reports.some((property) => Object.hasOwn(message, property)))
          return controller.input(message, send, done);
        send(message);
        done();
      },
      () => controller.close(),
      (message) => copyCopyable(red, message),
    );
  }
  watchDeploys(red);
  red.nodes.registerType(type, MessageNode);
}
