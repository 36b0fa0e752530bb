import type { IncomingMessage, ServerResponse } from "node:http";

/** The part of Node-RED's runtime API that this package uses (nodered.org/docs/creating-nodes, Node-RED 4.1 and 5). */

/** A message's place in a sequence (`msg.parts`), in the form that core's `split` and `join` use. */
export interface Parts {
  id: string;
  index: number;
  count?: number;
  type?: string;
  ch?: string;
  /** How often the stream has begun again, from a retry node; missing if never. Messages with a lower number are void. */
  restarts?: number;
  /** The place in the outer sequence, if sequences are nested. */
  parts?: Parts;
  [key: string]: unknown;
}

/** A message on its way through a flow. A flow may set any property to anything. */
export interface Message {
  _msgid?: string;
  payload?: unknown;
  topic?: unknown;
  parts?: Parts;
  [property: string]: unknown;
}

/** Sends a message to the first output, or one message per output. */
export type Send = (message: Message | (Message | null)[]) => void;
/** Tells the runtime that a message was handled, with an error if it failed. */
export type Done = (error?: unknown) => void;

/** The status below a node in the editor. */
export interface NodeStatus {
  fill?: "red" | "green" | "yellow" | "blue" | "grey";
  shape?: "ring" | "dot";
  text?: string;
}

/** A flow or global context. Uses callbacks, since its store may be a file or a database. */
export interface Context {
  get(key: string, callback: (error: unknown, value: unknown) => void): void;
  set(key: string, value: unknown, callback: (error: unknown) => void): void;
}

/** A context whose stores can be named. */
export interface NamedContext extends Context {
  get(key: string, callback: (error: unknown, value: unknown) => void): void;
  get(key: string, store: string, callback: (error: unknown, value: unknown) => void): void;
  set(key: string, value: unknown, callback: (error: unknown) => void): void;
  set(key: string, value: unknown, store: string, callback: (error: unknown) => void): void;
}

/** A node in the runtime. */
export interface RuntimeNode {
  id: string;
  type: string;
  name?: string;
  wires?: string[][];
  /** In the instance of a subflow: the node's id in the flow file. */
  _alias?: string;
  /** The flow that the node is in; in the instance of a subflow, with its nodes by the ids of the flow file. */
  _flow?: { node_map?: Record<string, { id: string }> };
  /** Of a core `link out` node: `link`, or `return` to a `link call`. */
  mode?: string;
  credentials?: Record<string, string | undefined>;
  on(event: "input", listener: (message: Message, send: Send, done: Done) => void): void;
  on(event: "close", listener: (removed: boolean, done: () => void) => void): void;
  status(status: NodeStatus): void;
  error(error: unknown, message: Message): void;
  /** Sends a message outside of an input. */
  send(message: Message | (Message | null)[]): void;
  warn(text: unknown): void;
  log(text: unknown): void;
  debug(text: unknown): void;
  /** The context of the node itself, and those that it shares. */
  context(): NamedContext & { flow: NamedContext; global: NamedContext };
}

/** The properties that every node has in a flow file. */
export interface NodeConfig {
  id: string;
  type: string;
  name?: string;
}

/** A node, tab or subflow as it stands in the flow file, with its variables not replaced. */
export interface FlowEntry {
  id: string;
  type: string;
  /** Id of the tab or subflow that the node is on. */
  z?: string;
  /** Whether the author has disabled the node. */
  d?: boolean;
  /** Whether the author has disabled the tab. */
  disabled?: boolean;
  [property: string]: unknown;
}

/** A request to an HTTP route of the editor. */
export interface AdminRequest {
  params: Record<string, string>;
  /** The values in the address behind the question mark. */
  query?: Record<string, unknown>;
  /** The body, if it is JSON or a form. */
  body?: unknown;
  /** @returns the type if the body is of it */
  is?(type: string): string | false | null;
}

/** The response of an HTTP route of the editor. */
export interface AdminResponse {
  json(body: unknown): void;
  status(code: number): AdminResponse;
  set(header: string, value: string): AdminResponse;
}

type AdminHandler = (request: AdminRequest, response: AdminResponse) => void;

/** A request to an HTTP route of a flow. Body parsers of Node-RED look at these fields. */
export interface HttpRequest extends IncomingMessage {
  /** The body, if a parser has read it. */
  body?: unknown;
  /** Whether a parser has read the body, or must not. */
  _body?: boolean;
  /** Whether core's `http in` must leave the body alone. */
  skipRawBodyParser?: boolean;
  /** The whole address, if `url` lacks the path of the route. */
  originalUrl?: string;
}

/** Handles a request, or calls `next` to leave it to others. */
export type HttpMiddleware = (
  request: HttpRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** The part of an Express application that this package uses. */
export interface HttpApp {
  use(path: string, handler: HttpMiddleware): void;
  /** The path at which the application stands in its parents. */
  path(): string;
  parent?: HttpApp;
  /** The handlers in their order. Undefined in other frameworks. */
  _router?: { stack: { handle: unknown }[] };
}

/** The `RED` object that the runtime passes to a node's module. */
export interface NodeRed {
  nodes: {
    createNode(node: unknown, config: NodeConfig): void;
    registerType(
      type: string,
      factory: unknown,
      options?: { credentials?: Record<string, { type: string }> },
    ): void;
    /** A node that runs; none for one that is disabled. */
    getNode(id: string): (RuntimeNode & Record<string, unknown>) | null | undefined;
    /** Visits all entries of the deployed flows, also disabled ones and those of subflows. */
    eachNode?(visit: (entry: FlowEntry) => void): void;
    /** The credentials of a node as the author entered them. */
    getCredentials?(id: string): Record<string, unknown> | null | undefined;
  };
  util: {
    cloneMessage<T>(value: T): T;
    getMessageProperty(message: Message, property: string): unknown;
    /** An environment variable as the node sees it: of its flow, group or the process. Undefined if it is not set. */
    getSetting(node: RuntimeNode, name: string): unknown;
    evaluateNodeProperty(
      value: string,
      type: string,
      node: RuntimeNode,
      message: Message,
      callback: (error: unknown, value: unknown) => void,
    ): void;
  };
  /** The application for the HTTP routes of flows. */
  httpNode?: HttpApp;
  settings: {
    /** The directory of flows, credentials and settings. The test helper knows of none. */
    userDir?: string;
    /** The port of the editor. */
    uiPort?: number | string;
    /** The HTTP root of flows; false if the settings turn it off. */
    httpNodeRoot?: string | false;
    /** What the settings put before every HTTP route of a flow, such as a check of a session. */
    httpNodeMiddleware?: unknown;
    /** The context stores by their names, as the author has set them. */
    contextStorage?: unknown;
  };
  /** What the runtime tells. Undefined in some test worlds. */
  events?: {
    on(event: "flows:stopping" | "flows:started", listener: () => void): void;
    once(event: "flows:started", listener: () => void): void;
    removeListener(event: "flows:started", listener: () => void): void;
  };
  auth: { needsPermission(permission: string): AdminHandler };
  /** Undefined if the editor is turned off. */
  httpAdmin?: {
    get(path: string, guard: AdminHandler, handler: AdminHandler): void;
    post(path: string, guard: AdminHandler, handler: AdminHandler): void;
  };
  /** Translates a key of the message catalogues in `nodes/locales`. */
  _(key: string, values?: Record<string, string | number>): string;
}
