import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, sep } from "node:path";
import type { Message, NodeConfig, NodeStatus, RuntimeNode } from "../../../src/node-red/red/api.js";
import { Inbox } from "./inbox.js";
import { WITHOUT_DASHBOARD } from "./node-red-process.js";

const root = dirname(dirname(dirname(__dirname)));
const require_ = createRequire(__filename);

/** The types of nodes that the package has. */
const TYPES = Object.keys(
  (require_(join(root, "package.json")) as { "node-red": { nodes: Record<string, string> } })["node-red"]
    .nodes,
);

/** The package of the Node-RED that this leg of the tests is about. */
export const NODE_RED = process.env["NODE_RED"] === "5" ? "node-red" : "node-red-4";

/** A file of that Node-RED's own modules, `@node-red/nodes/core/…`. */
export function coreFile(path: string): string {
  return createRequire(require_.resolve(`${NODE_RED}/package.json`)).resolve(path);
}

export type DeployType = "full" | "nodes" | "flows";
export type FlowNode = NodeConfig & Record<string, unknown>;
export type Credentials = Record<string, Record<string, string>>;

/** A message at a `helper` node, and during which deploy that sink was made. */
export interface Arrival {
  sink: string;
  deploy: number;
  message: Message;
}

export interface LogEntry {
  level: number;
  msg: unknown;
  id?: string;
  type?: string;
}

/** As much of Node-RED's embedding API as the tests use. */
interface Red {
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

/** What Node-RED's hooks tell of a message that a node gets or is done with. */
interface HookEvent {
  node?: { id: string; node: LiveNode };
  destination?: { id: string; node: LiveNode };
}

/** A node that runs. */
export type LiveNode = RuntimeNode & {
  receive(message: unknown): void;
  send(message: unknown): void;
} & Record<string, unknown>;

export interface RuntimeOptions {
  /** On top of what makes it quiet and quick. */
  settings?: Record<string, unknown>;
  /** Of an earlier runtime, to start it again. Default: a new one. */
  userDir?: string;
  /** Files that go into the user directory's `nodes`. */
  files?: Record<string, string>;
}

/** A real Node-RED in this process, without its editor's pages, with what it says and sends recorded. */
export class TestRuntime {
  readonly arrivals = new Inbox<Arrival>();
  readonly logs: LogEntry[] = [];
  readonly statuses = new Inbox<{ id: string; status: NodeStatus | undefined; at: number }>();
  readonly userDir: string;
  /** Inputs that nodes of this package got, and how many of them they were done with. */
  readonly inputs = new Map<string, { got: number; done: number }>();
  /** How many times flows have been deployed. */
  deploys = 0;
  /** What `helper` nodes do besides recording, by their id. */
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

  /** Where the admin API answers. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Deploys as the editor does: what `type` says need not restart goes on. */
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

  /** What has arrived at a sink. */
  getMessages(sink: string): Message[] {
    return this.bySink.get(sink) ?? [];
  }

  /** Waits until what has arrived at a sink is as it should be. */
  async waitUntil(
    sink: string,
    happened: (messages: Message[]) => boolean,
    what?: string,
  ): Promise<Message[]> {
    await this.arrivals.waitUntil(() => happened(this.getMessages(sink)), what);
    return this.getMessages(sink);
  }

  /** Waits for so many streams to end at a sink. @returns the last messages */
  async waitForEnds(sink: string, count = 1): Promise<Message[]> {
    const last = (messages: Message[]) => messages.filter(({ complete }) => complete === true);
    return last(
      await this.waitUntil(sink, (messages) => last(messages).length >= count, `${count} last messages`),
    );
  }

  /** Forgets what has arrived. */
  clearMessages(): void {
    this.arrivals.clear();
    this.bySink.clear();
  }

  /** Forgets all that was recorded. */
  clearRecords(): void {
    this.clearMessages();
    this.statuses.clear();
    this.inputs.clear();
    this.logs.length = 0;
    this.reactions.clear();
  }

  /** @param keep leaves the user directory for another start */
  async stop(keep = false): Promise<void> {
    await this.red.stop();
    this.server.closeAllConnections();
    this.server.close();
    if (!keep) rmSync(this.userDir, { recursive: true, force: true });
  }

  private countInputs(): void {
    const of = ({ id, node }: { id: string; node: LiveNode }) => {
      const known = this.inputs.get(id) ?? { got: 0, done: 0 };
      return TYPES.includes(node.type) ? this.inputs.set(id, known).get(id)! : known;
    };
    this.red.hooks.add("onReceive.test", ({ destination }) => {
      // A node that is closed has no listeners any more: what still comes is nobody's.
      if (destination?.node["_inputCallback"]) of(destination).got++;
    });
    this.red.hooks.add("onComplete.test", ({ node }) => {
      if (node) of(node).done++;
    });
  }

  /** `helper` records what arrives. */
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

/** The package as an install puts it into a user directory, only that its nodes are the sources. */
function installPackage(userDir: string): void {
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
    const source = JSON.stringify(join(root, "nodes", `${type}.ts`));
    writeFileSync(join(folder, "nodes", `${type}.js`), `module.exports = require(${source});\n`);
    writeFileSync(join(folder, "nodes", `${type}.html`), `<script data-template-name="${type}"></script>\n`);
  }
  const locales = join(folder, "nodes", "locales");
  if (!existsSync(locales)) symlinkSync(join(root, "nodes", "locales"), locales);
}

/**
 * Node-RED keeps its state in its modules and cannot be started twice: each runtime gets modules of its own, and
 * so does not meet the one of the test helper either.
 */
function loadFreshNodeRed(): Red {
  const { cache } = require_;
  for (const file of Object.keys(cache)) {
    if (file.includes(`${sep}@node-red${sep}`) || file.includes(`${sep}${NODE_RED}${sep}lib${sep}`))
      delete cache[file];
  }
  return require_(NODE_RED) as Red;
}
