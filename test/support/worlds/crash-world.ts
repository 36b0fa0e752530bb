import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createChatStreamNode,
  createCollectNode,
  createFlowNode,
  createProviderNode,
} from "../flows/nodes.js";
import { createCallChunks, readRequestMessages } from "../flows/router.js";
import { ROOT } from "../root.js";
import {
  installInto,
  type NodeRedProcess,
  PACKAGE,
  startNodeRed,
  type Version,
} from "../runtime/node-red-process.js";
import { ScriptedService } from "../services/scripted-service.js";
import { waitUntil } from "../waiting.js";
import { WEATHER } from "./router-world.js";

/** Where the process of Node-RED ends: at a write of the store, or when the world hears of a request or a call. */
export type CrashPoint =
  | { at: "write"; nth: number; when: "before" | "after" }
  | { at: "asked" | "called"; nth: number };

/** What the world outside of Node-RED has seen of one run. */
export interface Witnessed {
  /** Cities for which the tool was called, in order. */
  calls: string[];
  /** How many results of tools each request to the model had. */
  requests: number[];
  /** The answers that a reader got. */
  answers: string[];
}

interface WaitingRun {
  state: string;
  calls: { id: string; arguments: { city: string } }[];
}

/** The text of the whole run. */
export const WHOLE_TEXT = "One. Two. Three.";

/** A model, a tool and a reader that outlive the Node-RED between them. */
export class CrashWorld {
  private readonly userDir = mkdtempSync(join(tmpdir(), "crash-"));
  private readonly seen: Witnessed = { calls: [], requests: [], answers: [] };
  private red: NodeRedProcess | undefined;

  private constructor(
    private readonly service: ScriptedService,
    private readonly outside: Server,
    private readonly crash: CrashPoint,
  ) {
    installInto(this.userDir, [PACKAGE]);
  }

  /**
   * Plays one run through a crash and what comes after it.
   * @param minAnswers answers that are waited for. On a busy machine, one may take a while
   * @returns what the world has seen of the run
   */
  static async play(version: Version, crash: CrashPoint, minAnswers: number): Promise<Witnessed> {
    const service = await ScriptedService.start();
    const outside = createServer().listen(0, "127.0.0.1");
    await once(outside, "listening");
    const world = new CrashWorld(service, outside, crash);
    try {
      return await world.run(version, minAnswers);
    } finally {
      await world.end();
    }
  }

  private async run(version: Version, minAnswers: number): Promise<Witnessed> {
    this.prepareModel();
    this.outside.on("request", (request, response) => {
      void readBody(request).then((body) => {
        response.end("{}");
        if (request.url === "/answer") this.seen.answers.push(String(body));
        else void this.onCall(body as { toolCall: { arguments: { city: string } } });
      });
    });
    this.red = await this.start(version, this.crash);
    void this.post("ask", { text: "Hi" });
    await this.red.exited;
    this.red = await this.start(version, undefined);
    // The answers that were lost are given again, and calls that never left are answered by hand.
    for (let runs = await this.list(); runs.length > 0; runs = await this.list()) {
      for (const { calls } of runs)
        for (const call of calls) await this.post("result", { toolCall: call, text: "fine" });
      await pause(20);
    }
    const { answers, requests } = this.seen;
    await waitUntil(() => answers.length >= minAnswers, "the reader gets the answer").catch(async (error) => {
      const printed = this.red?.getOutput();
      throw new Error(`${error.message}; the model was asked with ${requests} results.\n${printed}`);
    });
    // Another answer would be one too many.
    await pause(200);
    return this.seen;
  }

  private async end(): Promise<void> {
    await this.red?.kill();
    this.outside.closeAllConnections();
    this.outside.close();
    await this.service.close();
    rmSync(this.userDir, { recursive: true, force: true });
  }

  private prepareModel(): void {
    this.service.script = async (reply, { body }) => {
      const results = readRequestMessages({ body }).filter(({ role }) => role === "tool").length;
      this.seen.requests.push(results);
      if (this.isAt("asked", this.seen.requests.length)) await this.red!.kill();
      const call = (...cities: string[]) =>
        cities.flatMap((city, at) => createCallChunks("get_weather", { city }, at, `call_${city}`));
      if (results === 3) return reply.say("Three.");
      reply.send(...(results === 0 ? ["One. ", ...call("Rome", "Paris")] : ["Two. ", ...call("Oslo")]));
      return reply.finish("tool_calls");
    };
  }

  private async onCall({ toolCall }: { toolCall: { arguments: { city: string } } }): Promise<void> {
    this.seen.calls.push(toolCall.arguments.city);
    if (this.isAt("called", this.seen.calls.length)) await this.red!.kill();
    else await this.post("result", { toolCall, text: "fine" });
  }

  private isAt(at: CrashPoint["at"], nth: number): boolean {
    return this.crash.at === at && this.crash.nth === nth;
  }

  private start(version: Version, crash: CrashPoint | undefined): Promise<NodeRedProcess> {
    const { port } = this.outside.address() as AddressInfo;
    const config = crash?.at === "write" ? { crashAt: crash.nth, crashWhen: crash.when } : {};
    const store = join(ROOT, "test/support/runtime/crashing-store.cjs");
    return startNodeRed({
      version,
      userDir: this.userDir,
      flows: createFlow(this.service.url, `http://127.0.0.1:${port}`),
      settings: {
        contextStorage: { default: { module: "memory" }, file: { config: { cache: false, ...config } } },
      },
      settingsCode: `module.exports.contextStorage.file.module = require(${JSON.stringify(store)});`,
    });
  }

  private async list(): Promise<WaitingRun[]> {
    return (await (await this.post("list", {}))!.json()) as WaitingRun[];
  }

  /** Asks a route of the flow, as soon as it is there. @returns undefined if Node-RED has ended */
  private async post(route: string, body: object): Promise<Response | undefined> {
    const headers = { "content-type": "application/json" };
    try {
      for (;;) {
        const response = await fetch(`${this.red!.url}/${route}`, {
          method: "POST",
          headers,
          body: JSON.stringify(body),
        });
        if (response.status !== 404) return response;
        await pause(20);
      }
    } catch {
      return undefined;
    }
  }
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const part of request.setEncoding("utf8")) text += part;
  return text.startsWith("{") ? JSON.parse(text) : text;
}

function createFlow(model: string, outside: string): object[] {
  const route = (url: string, func: string, wires: string[][]) => [
    { id: url, type: "http in", z: "tab", url: `/${url}`, method: "post", wires: [[`${url} made`]] },
    { id: `${url} made`, type: "function", z: "tab", func, outputs: wires.length, wires },
  ];
  const post = (id: string, path: string) => ({
    id,
    type: "http request",
    z: "tab",
    method: "POST",
    ret: "txt",
    url: `${outside}/${path}`,
    wires: [[]],
  });
  return [
    { id: "tab", type: "tab", label: "crash" },
    createProviderNode(model),
    createChatStreamNode({ wires: [["router"]] }),
    createFlowNode("tool-call-router", "router", [], {
      tools: [WEATHER],
      keepRuns: "file",
      wires: [["which"], ["ask"], ["call"]],
    }),
    {
      id: "which",
      type: "switch",
      z: "tab",
      property: "listRuns",
      propertyType: "msg",
      rules: [{ t: "nnull" }, { t: "else" }],
      checkall: "false",
      outputs: 2,
      wires: [["respond"], ["collect"]],
    },
    { ...createCollectNode(), wires: [["answer"], []] },
    post("answer", "answer"),
    {
      id: "call",
      type: "function",
      z: "tab",
      func: "return { payload: { toolCall: msg.toolCall } };",
      outputs: 1,
      wires: [["tool"]],
    },
    post("tool", "tool"),
    ...route("ask", "msg.statusCode = 200; return [{ payload: msg.payload.text }, msg];", [
      ["router"],
      ["respond"],
    ]).map((node) => (node.id === "ask" ? { ...node, id: "asked" } : node)),
    ...route("result", "return [{ toolCall: msg.payload.toolCall, payload: msg.payload.text }, msg];", [
      ["router"],
      ["respond"],
    ]),
    ...route("list", "msg.listRuns = true; return msg;", [["router"]]),
    { id: "respond", type: "http response", z: "tab", wires: [] },
  ];
}
