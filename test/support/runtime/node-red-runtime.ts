import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, sep } from "node:path";
import type { Message, NodeConfig, NodeStatus, RuntimeNode } from "../../../src/node-red/red/api.js";
import { ROOT } from "../root.js";
import { Inbox } from "./inbox.js";
import { WITHOUT_DASHBOARD } from "./node-red-process.js";

const require_ = createRequire(__filename);

/** The node types of this package. */
const TYPES = Object.keys(
  (require_(join(ROOT, "package.json")) as { "node-red": { nodes: Record<string, string> } })["node-red"]
    .nodes,
);

/** The npm package with the Node-RED of this leg of the tests. */
export const NODE_RED = process.env["NODE_RED"] === "5" ? "node-red" : "node-red-4";

/** Resolves a file of that Node-RED's own modules, such as `@node-red/nodes/core/common/20-inject.js`. */
export function resolveCoreFile(path: string): string {
  return createRequire(require_.resolve(`${NODE_RED}/package.json`)).resolve(path);
}

/** The deploy buttons of the editor: everything, changed nodes, changed flows. */
export type DeployType = "full" | "nodes" | "flows";
/** A node as the flow file contains it. */
export type FlowNode = NodeConfig & Record<string, unknown>;
/** Credentials by the id of their node. */
export type Credentials = Record<string, Record<string, string>>;

/** A message that arrived at a sink, a node of type `helper`. */
export interface Arrival {
  /** Id of the sink. */
  sink: string;
  /** Number of the deploy that created the sink, from 1. */
  deploy: number;
  message: Message;
}

/** An entry of the log of Node-RED. */
export interface LogEntry {
  level: number;
  msg: unknown;
  id?: string;
  type?: string;
}

/** The part of Node-RED's embedding API that the tests use. */
export interface Red {
  init(server: Server, settings: object): void;
  start(): Promise<void>;
  stop(): Promise<void>;
  httpAdmin: (request: unknown, response: unknown) => void;
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

/** Options of a runtime. */
export interface RuntimeOptions {
  /** Settings of Node-RED, added to those for tests. */
  settings?: Record<string, unknown>;
  /** The user directory of an earlier runtime. Default: a new one. */
  userDir?: string;
  /** Files for the folder `nodes` of the user directory. */
  files?: Record<string, string>;
}

/** A real Node-RED in this process, without the pages of its editor. It records messages, statuses and logs. */
export class TestRuntime {
  /** All messages at all sinks. */
  readonly arrivals = new Inbox<Arrival>();
  readonly logs: LogEntry[] = [];
  /** All statuses, with the time in milliseconds. */
  readonly statuses = new Inbox<{ id: string; status: NodeStatus | undefined; at: number }>();
  readonly userDir: string;
  /** Inputs of each node of this package: how many it got, and how many are done. */
  readonly inputs = new Map<string, { got: number; done: number }>();
  /** The number of deploys. */
  deploys = 0;
  /** What sinks do with a message besides recording it, by their id. */
  readonly reactions = new Map<string, (message: Message, node: LiveNode) => void>();
  readonly red: Red;
  private readonly bySink = new Map<string, Message[]>();
  private readonly server: Server;

  private constructor(options: RuntimeOptions) {
    this.userDir = options.userDir ?? mkdtempSync(join(tmpdir(), "chat-stream-"));
    installPackage(this.userDir);
    for (const [name, text] of Object.entries(options.files ?? {})) {
      mkdirSync(dirname(join(this.userDir, "nodes", name)), { recursive: true });
      writeFileSync(join(this.userDir, "nodes", name), text);
    }
    this.red = loadFreshNodeRed();
    this.server = createServer((request, response) => this.red.httpAdmin(request, response));
    this.red.init(this.server, {
      userDir: this.userDir,
      flowFile: "flows.json",
      credentialSecret: "test",
      httpAdminRoot: "/",
      disableEditor: true,
      telemetry: { enabled: false, updateNotification: false },
      externalModules: { autoInstall: false, palette: { ...WITHOUT_DASHBOARD.palette, allowInstall: false } },
      nodesExcludes: [
        "10-mqtt.js",
        "22-websocket.js",
        "31-tcpin.js",
        "32-udp.js",
        "90-exec.js",
        "23-watch.js",
      ],
      logging: {
        capture: {
          level: "trace",
          metrics: false,
          audit: true,
          handler: () => (entry: LogEntry) => this.logs.push(entry),
        },
      },
      ...options.settings,
    });
  }

  static async start(options: RuntimeOptions = {}): Promise<TestRuntime> {
    const runtime = new TestRuntime(options);
    const started = new Promise<void>((resolve) => runtime.red.events.once("flows:started", resolve));
    runtime.red.events.on("node-status", ({ id, status }) =>
      runtime.statuses.push({ id, status, at: performance.now() }),
    );
    await runtime.red.start();
    runtime.addTestTypes();
    runtime.countInputs();
    runtime.server.listen(0, "127.0.0.1");
    await Promise.all([started, once(runtime.server, "listening")]);
    return runtime;
  }

  /** The URL of the admin API. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Deploys flows as the editor does. */
  async deploy(flows: FlowNode[], type: DeployType = "full", credentials: Credentials = {}): Promise<void> {
    this.deploys++;
    const started = new Promise<void>((resolve) => {
      this.red.events.once("flows:started", resolve);
    });
    const withCredentials = structuredClone(flows).map((node) =>
      credentials[node.id] ? { ...node, credentials: credentials[node.id] } : node,
    );
    await this.red.runtime.flows.setFlows({ flows: { flows: withCredentials }, deploymentType: type });
    await started;
  }

  getNode(id: string): LiveNode {
    const node = this.red.nodes.getNode(id);
    if (!node) throw new Error(`There is no node ${id}.`);
    return node;
  }

  /** Gives a message to a node, as a wire does. */
  inject(id: string, message: Message): void {
    this.getNode(id).receive(message);
  }

  /** Returns the messages that have arrived at a sink. */
  getMessages(sink: string): Message[] {
    return this.bySink.get(sink) ?? [];
  }

  /** Waits until the messages at a sink fulfil a condition. @returns the messages */
  async waitUntil(
    sink: string,
    condition: (messages: Message[]) => boolean,
    expected?: string,
  ): Promise<Message[]> {
    await this.arrivals.waitUntil(() => condition(this.getMessages(sink)), expected);
    return this.getMessages(sink);
  }

  /** Waits until `count` streams have ended at a sink. @returns their last messages */
  async waitForEnds(sink: string, count = 1): Promise<Message[]> {
    const filterLast = (messages: Message[]) => messages.filter(({ complete }) => complete === true);
    return filterLast(
      await this.waitUntil(
        sink,
        (messages) => filterLast(messages).length >= count,
        `${count} last messages`,
      ),
    );
  }

  /** Clears the recorded messages. */
  clearMessages(): void {
    this.arrivals.clear();
    this.bySink.clear();
  }

  /** Clears everything that was recorded, and the reactions. */
  clearRecords(): void {
    this.clearMessages();
    this.statuses.clear();
    this.inputs.clear();
    this.logs.length = 0;
    this.reactions.clear();
  }

  /** Stops Node-RED. @param keepUserDir leaves the user directory for another start */
  async stop(keepUserDir = false): Promise<void> {
    await this.red.stop();
    this.server.closeAllConnections();
    this.server.close();
    if (!keepUserDir) rmSync(this.userDir, { recursive: true, force: true });
  }

  /** Counts the inputs of the nodes of this package. */
  private countInputs(): void {
    const getCounts = ({ id, node }: { id: string; node: LiveNode }) => {
      const known = this.inputs.get(id) ?? { got: 0, done: 0 };
      return TYPES.includes(node.type) ? this.inputs.set(id, known).get(id)! : known;
    };
    this.red.hooks.add("onReceive.test", ({ destination }) => {
      // A closed node has no listeners, so it is never done with a message that still comes.
      if (destination?.node["_inputCallback"]) getCounts(destination).got++;
    });
    this.red.hooks.add("onComplete.test", ({ node }) => {
      if (node) getCounts(node).done++;
    });
  }

  /** Registers the type `helper`, which records messages. */
  private addTestTypes(): void {
    const runtime = this;
    const { nodes } = this.red;
    function Sink(this: LiveNode, config: NodeConfig): void {
      nodes.createNode(this, config);
      const deploy = runtime.deploys;
      this.on("input", (message, _send, done) => {
        const known = runtime.bySink.get(config.id);
        if (known) known.push(message);
        else runtime.bySink.set(config.id, [message]);
        runtime.arrivals.push({ sink: config.id, deploy, message });
        runtime.reactions.get(config.id)?.(message, this);
        done();
      });
    }
    nodes.registerType("test/helper", "helper", Sink);
  }
}

/** Installs this package into a user directory, with the sources as its nodes. */
export function installPackage(userDir: string): void {
  const folder = join(userDir, "node_modules", "@deltaflow", "node-red-chat-stream");
  mkdirSync(join(folder, "nodes"), { recursive: true });
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({
      name: "@deltaflow/node-red-chat-stream",
      version: "0.0.0",
      "node-red": { nodes: Object.fromEntries(TYPES.map((type) => [type, `nodes/${type}.js`])) },
    }),
  );
  for (const type of TYPES) {
    const source = JSON.stringify(join(ROOT, "nodes", `${type}.ts`));
    writeFileSync(join(folder, "nodes", `${type}.js`), `module.exports = require(${source});\n`);
    writeFileSync(join(folder, "nodes", `${type}.html`), `<script data-template-name="${type}"></script>\n`);
  }
  const locales = join(folder, "nodes", "locales");
  if (!existsSync(locales)) symlinkSync(join(ROOT, "nodes", "locales"), locales);
}

/**
 * Loads fresh modules of Node-RED. Node-RED keeps its state in its modules, so that the same modules cannot run twice,
 * nor together with the test helper.
 */
export function loadFreshNodeRed(): Red {
  const { cache } = require_;
  for (const file of Object.keys(cache)) {
    if (file.includes(`${sep}@node-red${sep}`) || file.includes(`${sep}${NODE_RED}${sep}lib${sep}`))
      delete cache[file];
  }
  return require_(NODE_RED) as Red;
}
