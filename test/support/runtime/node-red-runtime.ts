import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Message, NodeConfig, NodeStatus } from "../../../src/node-red/red/api.js";
import { Inbox } from "./inbox.js";
import type { Credentials, DeployType, FlowNode, LiveNode, Red } from "./node-red-api.js";
import { createWebApp, installPackage, loadFreshNodeRed, NODE_TYPES } from "./node-red-install.js";
import { WITHOUT_DASHBOARD } from "./node-red-process.js";

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
    const app = createWebApp();
    this.server = createServer(app);
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
    // As the command `node-red` does it.
    const { httpAdminRoot = "/", httpNodeRoot = "/", httpNodeAuth } = options.settings ?? {};
    if (httpAdminRoot !== false) app.use(httpAdminRoot as string, this.red.httpAdmin);
    if (httpNodeRoot === false) return;
    if (httpNodeAuth) app.use(httpNodeRoot as string, httpNodeAuth);
    app.use(httpNodeRoot as string, this.red.httpNode);
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

  /** The URL of the admin API, and of what flows serve. */
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

  /** Closes the connections that clients keep open. */
  closeConnections(): void {
    this.server.closeAllConnections();
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
      return NODE_TYPES.includes(node.type) ? this.inputs.set(id, known).get(id)! : known;
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
