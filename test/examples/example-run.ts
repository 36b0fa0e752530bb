import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { Inbox } from "../support/runtime/inbox.js";
import { type Credentials, type FlowNode, TestRuntime } from "../support/runtime/node-red-runtime.js";

const FOLDER = join(dirname(dirname(__dirname)), "examples");

/** A flow of the menu Import > Examples. */
export interface Example {
  /** The menu's entry. */
  title: string;
  nodes: FlowNode[];
}

export const EXAMPLES: Example[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".json"))
  .sort()
  .map((file) => ({
    title: file.replace(/\.json$/, ""),
    nodes: JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as FlowNode[],
  }));

/**
 * The modules that an example needs beside core and this package, with the versions it was made with. The editor
 * reads them from the same place and offers to install what is missing.
 */
export function readModules({ nodes }: Example): Record<string, string> {
  const config = nodes.find(({ type }) => type === "global-config");
  return (config?.["modules"] as Record<string, string> | undefined) ?? {};
}

/** Whether an example is about tools; those have tests of their own. */
export function hasTools({ nodes }: Example): boolean {
  return nodes.some(({ type }) => type === "tool-call-router");
}

export function findExample(title: string): Example {
  const found = EXAMPLES.find((example) => example.title.endsWith(title));
  if (!found) throw new Error(`There is no example “${title}”.`);
  return found;
}

/** Whether an example is about several services, or about speech; those have tests of their own. */
export function isAboutServices({ title }: Example): boolean {
  return /^(27|28|29|30|31) /.test(title);
}

/** What a reader enters for an example that does not run on the demo. */
export interface ServiceSettings {
  /** Into its chat-provider. */
  providerProperties?: Record<string, unknown>;
  credentials?: Record<string, string>;
}

/** Something in the debug sidebar. */
export interface DebugEntry {
  /** The debug node's name. */
  nodeName: string;
  value: unknown;
}

/** What the debug node sends to the editor (21-debug.js, `sendDebug`). */
interface DebugEvent {
  topic: string;
  data: { id?: string; name?: string; msg: string; format: string };
}

type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

/** A Node-RED that runs examples as their reader does: presses buttons and reads the debug sidebar. */
export class ExampleRun {
  readonly sidebar = new Inbox<DebugEntry>();
  /** Names of the buttons that were pressed, each with its example's title before it. */
  readonly pressed = new Set<string>();
  private example: Example | undefined;

  private constructor(
    readonly runtime: TestRuntime,
    private readonly web: Server,
  ) {
    const { events } = runtime.red as unknown as {
      events: { on(event: "comms", listener: (event: DebugEvent) => void): void };
    };
    events.on("comms", ({ topic, data }) => {
      if (topic === "debug")
        this.sidebar.push({ nodeName: this.findName(data.id), value: decodeValue(data) });
    });
  }

  static async start(): Promise<ExampleRun> {
    // The default leaves out the websocket nodes; the lengths are those beyond which the sidebar cuts off.
    const runtime = await TestRuntime.start({ settings: { nodesExcludes: [], debugMaxLength: 1_000_000 } });
    const { httpNode } = runtime.red as unknown as { httpNode: RequestListener };
    const web = createServer(httpNode).listen(0, "127.0.0.1");
    await once(web, "listening");
    return new ExampleRun(runtime, web);
  }

  /** Where the pages of a flow are. */
  get webUrl(): string {
    return `http://127.0.0.1:${(this.web.address() as AddressInfo).port}`;
  }

  /** Where a flow's websockets are. */
  get socketUrl(): string {
    return this.runtime.url.replace("http", "ws");
  }

  /** Deploys an example as it is, only that the demo writes faster and nobody waits for seconds. */
  async deploy(title: string, chunksPerSecond = 1000, service: ServiceSettings = {}): Promise<void> {
    this.example = findExample(title);
    const credentials: Credentials = {};
    const nodes = structuredClone(this.example.nodes);
    for (const node of nodes) {
      if (node["toolTimeout"] === 3) node["toolTimeout"] = 0.3;
      if (node.type === "delay") Object.assign(node, { timeout: "20", randomFirst: "1", randomLast: "30" });
      if (node.type !== "chat-provider") continue;
      node["demoPace"] = chunksPerSecond;
      if (node["idleTimeout"] === 3) node["idleTimeout"] = 0.3;
      Object.assign(node, service.providerProperties);
      if (service.credentials) credentials[node.id] = service.credentials;
    }
    this.clear();
    await this.runtime.deploy(nodes, "full", credentials);
  }

  clear(): void {
    this.sidebar.clear();
    this.runtime.clear();
  }

  /** Presses an inject node's button as the editor does. */
  async press(name: string): Promise<void> {
    this.pressed.add(`${this.example!.title}: ${name}`);
    const response = await fetch(`${this.runtime.url}/inject/${this.findId(name)}`, { method: "POST" });
    if (!response.ok) throw new Error(`Pressing “${name}” gave ${response.status}.`);
  }

  /** The buttons of examples that nobody has pressed. */
  listUnpressed(examples: readonly Example[]): string[] {
    const buttons = examples.flatMap(({ title, nodes }) =>
      nodes.filter(({ type }) => type === "inject").map(({ name }) => `${title}: ${name}`),
    );
    return buttons.filter((button) => !this.pressed.has(button));
  }

  /** What a debug node has shown. */
  getShown(by: string): unknown[] {
    return this.sidebar.messages.filter((entry) => entry.nodeName === by).map(({ value }) => value);
  }

  /** Waits for a debug node to have shown so much. */
  async waitForShown(by: string, count = 1): Promise<unknown[]> {
    await this.sidebar.until(() => this.getShown(by).length >= count, `${count} × “${by}”`);
    return this.getShown(by);
  }

  /** Waits for a node's status to have had this fill and shape. */
  async waitForStatus(name: string, fill: string, shape: string): Promise<void> {
    const id = this.findId(name);
    await this.runtime.statuses.until(
      (all) =>
        all.some((entry) => entry.id === id && entry.status?.fill === fill && entry.status.shape === shape),
      `the status ${fill} ${shape} of “${name}”`,
    );
  }

  /** What stands beneath a node. */
  getStatusText(name: string): string {
    const id = this.findId(name);
    const shown = this.runtime.statuses.messages.filter((entry) => entry.id === id).at(-1);
    return shown?.status?.text ?? "";
  }

  /** Waits for what stands beneath a node to be so. */
  async waitForStatusText(name: string, text: RegExp): Promise<void> {
    await this.runtime.statuses.until(() => text.test(this.getStatusText(name)), `${text} beneath “${name}”`);
  }

  /** Waits until the same stands beneath two nodes. */
  async waitForSameStatus(one: string, other: string): Promise<void> {
    const same = () =>
      this.getStatusText(one) !== "" && this.getStatusText(one) === this.getStatusText(other);
    await this.runtime.statuses.until(same, `the same beneath “${one}” and “${other}”`);
  }

  async stop(): Promise<void> {
    this.web.closeAllConnections();
    this.web.close();
    await this.runtime.stop();
  }

  private findId(name: string): string {
    const found = this.example!.nodes.filter((node) => node.name === name);
    if (found.length !== 1) throw new Error(`${found.length} nodes are called “${name}”.`);
    return found[0]!.id;
  }

  private findName(id: string | undefined): string {
    return this.example?.nodes.find((node) => node.id === id)?.name ?? "";
  }
}

function decodeValue({ msg, format }: DebugEvent["data"]): unknown {
  if (/^(Object|array|error|number|boolean)/i.test(format)) return JSON.parse(msg);
  return format === "undefined" ? undefined : msg;
}
