import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import {
  installInto,
  type NodeRedProcess,
  PACKAGE,
  startNodeRed,
  type Version,
} from "../support/runtime/node-red-process.js";
import { deployFlows } from "../support/runtime/started-flows.js";
import { Mosquitto } from "../support/services/mosquitto.js";

/** Seconds after which a silent worker is given up. */
export const SILENCE_S = 2;

const TOPIC = "house/chat";

/** What the workers' model costs for a million tokens of an answer, in US dollars. Only the workers know it. */
const OUTPUT_PRICE = 1000;

/** The version of Node-RED that this leg tests. */
const VERSION: Version = process.env["NODE_RED"] === "4" ? "4" : "5";

interface FrontAnswer {
  /** The text that the reader has. */
  text: string;
  finishReason: string | undefined;
  /** The error frame, if one came. */
  error: { message: string; code: string } | undefined;
  usage: Record<string, unknown> | undefined;
  status: number;
}

/** A model of the front: `house` streams, `whole` answers when it is done, `tools` may call a tool that the front has. */
export type FleetModel = "house" | "whole" | "tools";

export interface AskOptions {
  signal?: AbortSignal;
  /** Default: the first front. */
  front?: NodeRedProcess;
}

/** A broker, one front and some workers, each in a process of its own as users run them. */
export class Fleet {
  readonly workers: NodeRedProcess[] = [];
  /** The first front. */
  front!: NodeRedProcess;
  private readonly fronts: NodeRedProcess[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), "fleet-"));
  private processes = 0;

  private constructor(readonly broker: Mosquitto) {}

  /**
   * Starts a broker, a front and workers.
   * @param services for each worker, the address of the service that it asks
   * @param brokerSettings more lines of the broker's configuration
   */
  static async start(services: readonly string[], brokerSettings: readonly string[] = []): Promise<Fleet> {
    const folder = mkdtempSync(join(tmpdir(), "fleet-broker-"));
    const fleet = new Fleet(await Mosquitto.start(folder, brokerSettings));
    const started = services.map((service) => fleet.addWorker(service));
    [fleet.front] = await Promise.all([fleet.startFront(), ...started]);
    await fleet.waitForWorkers(services.length);
    return fleet;
  }

  /** Tests the connection, as the button of the provider's dialog does. @returns the sentence below the button */
  async testConnection(): Promise<string> {
    const response = await fetch(`${this.front.url}/chat-provider/fleet/test`, { method: "POST" });
    return ((await response.json()) as { message: string }).message;
  }

  /** Waits until the flows have started, and the workers have joined. */
  private async waitForWorkers(count: number): Promise<void> {
    for (let tries = 0; tries < 30; tries++) {
      const message = await this.testConnection().catch(() => "");
      if (message.startsWith(`${count} worker`)) return;
      await wait(200);
    }
    throw new Error(`The workers did not join the fleet: ${await this.testConnection()}`);
  }

  async addWorker(service: string, maxCalls = 8): Promise<NodeRedProcess> {
    const worker = await this.startProcess(this.createWorkerFlow(service, maxCalls));
    this.workers.push(worker);
    return worker;
  }

  /** Starts one more front of the same workers. It is stopped with the fleet. */
  async startFront(): Promise<NodeRedProcess> {
    const front = await this.startProcess(this.createFrontFlow());
    this.fronts.push(front);
    return front;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.workers, ...this.fronts].map((process) => process.kill()));
    await this.broker.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Asks the front as a client does, and reads the streamed answer to its end. */
  async ask(
    question: string,
    model: FleetModel,
    { signal, front = this.front }: AskOptions = {},
  ): Promise<FrontAnswer> {
    const response = await fetch(`${front.url}/ai/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({
        ...{ model, stream: true, stream_options: { include_usage: true } },
        messages: [{ role: "user", content: question }],
      }),
      ...(signal ? { signal } : {}),
    });
    const body = await response.text();
    const answer: FrontAnswer = {
      text: "",
      finishReason: undefined,
      error: undefined,
      usage: undefined,
      status: response.status,
    };
    if (!body.startsWith("data:")) return { ...answer, error: JSON.parse(body).error };
    for (const line of body.split("\n").filter((line) => line.startsWith("data: {"))) {
      const record = JSON.parse(line.slice(6));
      answer.error ??= record.error;
      answer.usage ??= record.usage ?? undefined;
      const [choice] = record.choices ?? [];
      answer.text += choice?.delta?.content ?? "";
      answer.finishReason ??= choice?.finish_reason ?? undefined;
    }
    return answer;
  }

  /** Deploys a worker's flow again, with all its nodes. */
  async redeploy(worker: NodeRedProcess): Promise<void> {
    const flows = await (await fetch(`${worker.url}/flows`)).json();
    await deployFlows(worker.url, flows);
  }

  private startProcess(flows: unknown[]): Promise<NodeRedProcess> {
    const userDir = join(this.folder, `node-red-${this.processes++}`);
    installInto(userDir, [PACKAGE]);
    return startNodeRed({ version: VERSION, userDir, flows });
  }

  private createBrokerNode(): object {
    const { port } = this.broker;
    return {
      ...{ id: "broker", type: "mqtt-broker", broker: "127.0.0.1", port, clientid: "", autoConnect: true },
      ...{ usetls: false, protocolVersion: "5", keepalive: 60, cleansession: true, autoUnsubscribe: true },
    };
  }

  /**
   * HTTP → the workers, with retries → HTTP. The model `house` answers while it writes, the model `whole` when it is done,
   * so that a retry can still take back what a lost worker said.
   */
  private createFrontFlow(): object[] {
    const place = { z: "tab", x: 100, y: 100 };
    const createAnswerFlow = (model: string, isWhole: boolean) => {
      const name = (part: string) => `${part}-${model}`;
      const collect = {
        ...place,
        id: name("collect"),
        type: "collect",
        wires: [[name("out")], [name("out")]],
      };
      return [
        {
          ...{ ...place, id: name("in"), type: "chat-in", endpoint: "endpoint", models: [{ name: model }] },
          wires: [[name("ask")]],
        },
        {
          ...{ ...place, id: name("ask"), type: "chat-stream", provider: "fleet", model: "house" },
          wires: [[name("retry")]],
        },
        {
          ...{ ...place, id: name("retry"), type: "retry", attempts: 5, delay: 200, afterText: "restart" },
          wires: [[name(isWhole ? "collect" : "out")], [name("ask")], []],
        },
        ...(isWhole ? [collect] : []),
        { ...place, id: name("out"), type: "chat-out", wires: [[]] },
      ];
    };
    return [
      { id: "tab", type: "tab", label: "Front" },
      this.createBrokerNode(),
      { id: "endpoint", type: "chat-endpoint", path: "/ai", open: true },
      {
        ...{ id: "fleet", type: "chat-provider", provider: "remote", broker: "broker", topic: TOPIC },
        ...{ silence: SILENCE_S, maxConcurrent: 1000 },
      },
      ...createAnswerFlow("house", false),
      ...createAnswerFlow("whole", true),
      ...this.createToolFlow(),
    ];
  }

  /** A router at the front, whose one tool is a function node there. */
  private createToolFlow(): object[] {
    const place = { z: "tab", x: 100, y: 100 };
    const tool = { name: "get_weather", description: "The weather", parameters: "" };
    return [
      {
        ...{ ...place, id: "in-tools", type: "chat-in", endpoint: "endpoint", models: [{ name: "tools" }] },
        wires: [["router"]],
      },
      {
        ...{ ...place, id: "ask-tools", type: "chat-stream", provider: "fleet", model: "house" },
        wires: [["router"]],
      },
      {
        ...{ ...place, id: "router", type: "tool-call-router", tools: [tool] },
        wires: [["out-tools"], ["ask-tools"], ["weather"]],
      },
      {
        ...{
          ...place,
          id: "weather",
          type: "function",
          func: 'msg.payload = "fog";\nreturn msg;',
          outputs: 1,
        },
        wires: [["router"]],
      },
      { ...place, id: "out-tools", type: "chat-out", wires: [[]] },
    ];
  }

  /** The front → a service → the front. */
  private createWorkerFlow(service: string, maxCalls: number): object[] {
    return [
      { id: "tab", type: "tab", label: "Worker" },
      this.createBrokerNode(),
      { id: "endpoint", type: "chat-endpoint", broker: "broker", topic: TOPIC, maxCalls },
      {
        ...{
          id: "provider",
          type: "chat-provider",
          provider: "custom",
          baseUrl: service,
          maxConcurrent: 100,
          prices: JSON.stringify({ m: { input: 0, output: OUTPUT_PRICE } }),
        },
      },
      {
        ...{
          id: "in",
          type: "chat-in",
          z: "tab",
          x: 100,
          y: 100,
          endpoint: "endpoint",
          models: [{ name: "house" }],
        },
        wires: [["ask"]],
      },
      {
        id: "ask",
        type: "chat-stream",
        z: "tab",
        x: 100,
        y: 100,
        provider: "provider",
        model: "m",
        wires: [["out"]],
      },
      { id: "out", type: "chat-out", z: "tab", x: 100, y: 100, wires: [[]] },
    ];
  }
}
