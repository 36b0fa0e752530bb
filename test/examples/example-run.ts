import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Example, findExample } from "../support/flows/examples.js";
import { Inbox } from "../support/runtime/inbox.js";
import type { Credentials } from "../support/runtime/node-red-api.js";
import { TestRuntime } from "../support/runtime/node-red-runtime.js";

/**
 * Reads which modules an example needs beside core and this package, with the versions that it was made with. The
 * editor reads the same property and offers to install missing modules.
 */
export function readModules({ nodes }: Example): Record<string, string> {
  const config = nodes.find(({ type }) => type === "global-config");
  return (config?.["modules"] as Record<string, string> | undefined) ?? {};
}

/** Whether an example is about tools. Such examples are tested in tools.test.ts. */
export function hasTools({ nodes }: Example): boolean {
  return nodes.some(({ type }) => type === "tool-call-router");
}

/** Whether an example is about several services or about speech. Such examples are tested in services.test.ts. */
export function isAboutServices({ path }: Example): boolean {
  return path.startsWith("6 Services/");
}

/** Whether an example is about cost. Such examples are tested in budget.test.ts. */
export function isAboutCost({ path }: Example): boolean {
  return path.startsWith("7 Cost and budget/");
}

/** Whether an example shows what to build with the nodes. Such examples are tested in recipes.test.ts. */
export function isRecipe({ title }: Example): boolean {
  return RECIPES.includes(title);
}

const RECIPES = [
  "Your own key, then Ollama",
  "Ask about a picture",
  "Show the reasoning",
  "One JSON answer over HTTP",
  "Answer from your own text",
  "Sensors to a daily summary",
  "Classify, then route",
  "A sub-agent whose text is seen",
  "A Telegram chat with approval buttons",
];

/** Whether an example needs a broker. Such examples are tested in test/fleet. */
export function needsBroker({ path }: Example): boolean {
  return path.startsWith("8 More machines/");
}

/** What a user enters for an example that does not use the demo. */
export interface ServiceSettings {
  /** Properties of its chat-provider. */
  providerProperties?: Record<string, unknown>;
  credentials?: Record<string, string>;
}

/** An entry of the debug sidebar. */
export interface DebugEntry {
  nodeName: string;
  value: unknown;
}

/** The event that a debug node sends to the editor; see `sendDebug` in 21-debug.js of Node-RED. */
interface DebugEvent {
  topic: string;
  data: { id?: string; name?: string; msg: string; format: string };
}

type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

/** Runs examples in Node-RED as a user does: presses buttons and reads the debug sidebar. */
export class ExampleRun {
  readonly sidebar = new Inbox<DebugEntry>();
  /** The buttons that were pressed: "title of the example: name of the button". */
  readonly pressed = new Set<string>();
  private example: Example | undefined;

  private constructor(
    readonly runtime: TestRuntime,
    private readonly web: Server,
    private readonly settings: Record<string, unknown>,
  ) {
    const { events } = runtime.red as unknown as {
      events: { on(event: "comms", listener: (event: DebugEvent) => void): void };
    };
    events.on("comms", ({ topic, data }) => {
      if (topic === "debug")
        this.sidebar.push({ nodeName: this.findName(data.id), value: decodeValue(data) });
    });
  }

  /** @param settings more settings of Node-RED @param userDir of an earlier run, whose flows start again */
  static async start(settings: Record<string, unknown> = {}, userDir?: string): Promise<ExampleRun> {
    // By default, the tests exclude the websocket nodes, and the sidebar truncates long values.
    const runtime = await TestRuntime.start({
      settings: { nodesExcludes: [], debugMaxLength: 1_000_000, ...settings },
      ...(userDir === undefined ? {} : { userDir }),
    });
    const { httpNode } = runtime.red as unknown as { httpNode: RequestListener };
    const web = createServer(httpNode).listen(0, "127.0.0.1");
    await once(web, "listening");
    return new ExampleRun(runtime, web, settings);
  }

  /** Stops Node-RED and starts it again, with the flows and the context that it had. @returns the new run */
  async restart(): Promise<ExampleRun> {
    const { settings, runtime, example, pressed } = this;
    await this.stop(true);
    const run = await ExampleRun.start(settings, runtime.userDir);
    run.example = example;
    for (const button of pressed) run.pressed.add(button);
    return run;
  }

  /** The address of the pages of a flow. */
  get webUrl(): string {
    return `http://127.0.0.1:${(this.web.address() as AddressInfo).port}`;
  }

  /** The address of the websockets of a flow. */
  get socketUrl(): string {
    return this.runtime.url.replace("http", "ws");
  }

  /**
   * Deploys an example, with a faster demo and with waits of milliseconds instead of seconds.
   * @param services what to enter in all its providers, or in each one by its name
   */
  async deploy(
    title: string,
    chunksPerSecond = 1000,
    services: ServiceSettings | Record<string, ServiceSettings> = {},
  ): Promise<void> {
    this.example = findExample(title);
    const credentials: Credentials = {};
    const nodes = structuredClone(this.example.nodes);
    for (const node of nodes) {
      if (node["toolTimeout"] === 3) node["toolTimeout"] = 0.3;
      if (node.type === "delay") Object.assign(node, { timeout: "20", randomFirst: "1", randomLast: "30" });
      if (node.type !== "chat-provider") continue;
      node["demoPace"] = chunksPerSecond;
      if (node["idleTimeout"] === 3) node["idleTimeout"] = 0.3;
      const service = isForAll(services) ? services : (services[node.name ?? ""] ?? {});
      Object.assign(node, service.providerProperties);
      if (service.credentials) credentials[node.id] = service.credentials;
    }
    this.clear();
    await this.runtime.deploy(nodes, "full", credentials);
  }

  clear(): void {
    this.sidebar.clear();
    this.runtime.clearRecords();
  }

  /** Presses the button of an inject node, as the editor does. */
  async press(name: string): Promise<void> {
    this.pressed.add(`${this.example!.title}: ${name}`);
    const response = await fetch(`${this.runtime.url}/inject/${this.getId(name)}`, { method: "POST" });
    if (!response.ok) throw new Error(`Pressing “${name}” failed with HTTP ${response.status}.`);
  }

  /** Lists the buttons of examples that were not pressed. */
  listUnpressed(examples: readonly Example[]): string[] {
    const buttons = examples.flatMap(({ title, nodes }) =>
      nodes.filter(({ type }) => type === "inject").map(({ name }) => `${title}: ${name}`),
    );
    return buttons.filter((button) => !this.pressed.has(button));
  }

  /** @returns what a debug node has shown so far */
  getShown(by: string): unknown[] {
    return this.sidebar.messages.filter((entry) => entry.nodeName === by).map(({ value }) => value);
  }

  /** Waits until a debug node has shown `count` values. @returns all that it has shown */
  async waitForShown(by: string, count = 1): Promise<unknown[]> {
    await this.sidebar.waitUntil(() => this.getShown(by).length >= count, `${count} × “${by}”`);
    return this.getShown(by);
  }

  /** Waits until the status of a node has this fill and shape, or had it since the last `clear`. */
  async waitForStatus(name: string, fill: string, shape: string): Promise<void> {
    const id = this.getId(name);
    await this.runtime.statuses.waitUntil(
      (all) =>
        all.some((entry) => entry.id === id && entry.status?.fill === fill && entry.status.shape === shape),
      `the status ${fill} ${shape} of “${name}”`,
    );
  }

  /** @returns the status text of a node; "" if it has none */
  getStatusText(name: string): string {
    const id = this.getId(name);
    const shown = this.runtime.statuses.messages.filter((entry) => entry.id === id).at(-1);
    return shown?.status?.text ?? "";
  }

  /** Waits until the status text of a node matches. */
  async waitForStatusText(name: string, text: RegExp): Promise<void> {
    await this.runtime.statuses.waitUntil(
      () => text.test(this.getStatusText(name)),
      `the status text ${text} of “${name}”`,
    );
  }

  /** Waits until two nodes have the same status text. */
  async waitForSameStatus(one: string, other: string): Promise<void> {
    const areEqual = () =>
      this.getStatusText(one) !== "" && this.getStatusText(one) === this.getStatusText(other);
    await this.runtime.statuses.waitUntil(areEqual, `the same status text of “${one}” and “${other}”`);
  }

  /** @param keepUserDir leaves the user directory for another start */
  async stop(keepUserDir = false): Promise<void> {
    this.web.closeAllConnections();
    this.web.close();
    await this.runtime.stop(keepUserDir);
  }

  /** @returns the id of the node of this name */
  getId(name: string): string {
    const found = this.example!.nodes.filter((node) => node.name === name);
    if (found.length !== 1) throw new Error(`${found.length} nodes are called “${name}”.`);
    return found[0]!.id;
  }

  private findName(id: string | undefined): string {
    return this.example?.nodes.find((node) => node.id === id)?.name ?? "";
  }
}

function isForAll(services: ServiceSettings | Record<string, ServiceSettings>): services is ServiceSettings {
  return "providerProperties" in services || "credentials" in services;
}

/** Decodes what a debug node sends: its format begins with the type of the value. */
function decodeValue({ msg, format }: DebugEvent["data"]): unknown {
  if (/^(Object|array|error|number|boolean)/i.test(format)) return JSON.parse(msg);
  return format === "undefined" ? undefined : msg;
}
