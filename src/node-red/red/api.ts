/** The part of Node-RED's runtime API that this package uses (nodered.org/docs/creating-nodes, 4.1 and 5). */

/** Core's own description of a message's place in a sequence. */
export interface Parts {
  id: string;
  index: number;
  count?: number;
  type?: string;
  ch?: string;
  /** The sequence that this one is nested in, as `split` keeps it. */
  parts?: Parts;
  [key: string]: unknown;
}

export interface Message {
  _msgid?: string;
  payload?: unknown;
  topic?: unknown;
  parts?: Parts;
  [property: string]: unknown;
}

export type Send = (message: Message | (Message | null)[]) => void;
export type Done = (error?: unknown) => void;

export interface NodeStatus {
  fill?: "red" | "green" | "yellow" | "blue" | "grey";
  shape?: "ring" | "dot";
  text?: string;
}

/** A key of a context, read and written with callbacks, since a store may be a file or a database. */
export interface Context {
  get(key: string, callback: (error: unknown, value: unknown) => void): void;
  set(key: string, value: unknown, callback: (error: unknown) => void): void;
}

/** A node as the runtime makes it. */
export interface RuntimeNode {
  id: string;
  type: string;
  name?: string;
  wires?: string[][];
  credentials?: Record<string, string | undefined>;
  on(event: "input", listener: (message: Message, send: Send, done: Done) => void): void;
  on(event: "close", listener: (removed: boolean, done: () => void) => void): void;
  status(status: NodeStatus): void;
  error(error: unknown, message: Message): void;
  warn(text: unknown): void;
  log(text: unknown): void;
  debug(text: unknown): void;
  context(): { flow: Context; global: Context };
}

/** The properties that every node has in a flow file. */
export interface NodeConfig {
  id: string;
  type: string;
  name?: string;
}

export interface AdminRequest {
  params: Record<string, string>;
}

export interface AdminResponse {
  json(body: unknown): void;
  status(code: number): AdminResponse;
}

type AdminHandler = (request: AdminRequest, response: AdminResponse) => void;

export interface NodeRed {
  nodes: {
    createNode(node: unknown, config: NodeConfig): void;
    registerType(
      type: string,
      factory: unknown,
      options?: { credentials?: Record<string, { type: string }> },
    ): void;
    getNode(id: string): (RuntimeNode & Record<string, unknown>) | null | undefined;
  };
  util: {
    cloneMessage<T>(value: T): T;
    getMessageProperty(message: Message, property: string): unknown;
    /** An environment variable as the node sees it; undefined where it is not set. */
    getSetting(node: RuntimeNode, name: string): unknown;
    evaluateNodeProperty(
      value: string,
      type: string,
      node: RuntimeNode,
      message: Message,
      callback: (error: unknown, value: unknown) => void,
    ): void;
  };
  auth: { needsPermission(permission: string): AdminHandler };
  /** Missing where the editor is turned off. */
  httpAdmin?: {
    get(path: string, guard: AdminHandler, handler: AdminHandler): void;
    post(path: string, guard: AdminHandler, handler: AdminHandler): void;
  };
  _(key: string, values?: Record<string, string | number>): string;
}
