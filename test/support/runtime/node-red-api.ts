import type { Server } from "node:http";
import type { NodeConfig, NodeStatus, RuntimeNode } from "../../../src/node-red/red/api.js";

/** The deploy buttons of the editor: everything, changed nodes, changed flows. */
export type DeployType = "full" | "nodes" | "flows";

/** A node as the flow file contains it. */
export type FlowNode = NodeConfig & Record<string, unknown>;

/** Credentials by the id of their node. */
export type Credentials = Record<string, Record<string, string>>;

/** The part of Node-RED's embedding API that the tests use. */
export interface Red {
  init(server: Server, settings: object): void;
  start(): Promise<void>;
  stop(): Promise<void>;
  httpAdmin: (request: unknown, response: unknown) => void;
  httpNode: (request: unknown, response: unknown) => void;
  events: {
    on(event: string, listener: (event: { id: string; status?: NodeStatus }) => void): void;
    once(event: string, listener: () => void): void;
  };
  hooks: { add(hook: string, listener: (event: HookEvent) => void): void };
  nodes: {
    getNode(id: string): LiveNode | undefined;
    getNodeList(): { id: string; types: string[]; err?: unknown; enabled: boolean; loaded?: boolean }[];
    registerType(set: string, type: string, factory: unknown): void;
    createNode(node: unknown, config: NodeConfig): void;
  };
  runtime: {
    flows: {
      setFlows(options: object): Promise<unknown>;
      getFlows(options: object): Promise<{ flows: FlowNode[] }>;
      getNodeCredentials(options: object): Promise<unknown>;
    };
  };
}

/** The event of the hooks `onReceive` and `onComplete`. */
interface HookEvent {
  node?: { id: string; node: LiveNode };
  destination?: { id: string; node: LiveNode };
}

/** A running node. */
export type LiveNode = RuntimeNode & {
  receive(message: unknown): void;
  send(message: unknown): void;
} & Record<string, unknown>;
