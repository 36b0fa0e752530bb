import type { ChatResult } from "../../../src/client/chat-types.js";
import type { ChatMessage, Chunk, ToolCallDelta } from "../../../src/core/chat/chunk.js";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import { buildStats } from "../../../src/core/chat/stats.js";
import type { Cost } from "../../../src/core/cost/amount.js";
import { Failure, type FailureCode } from "../../../src/core/failure.js";
import {
  addHistory,
  bringsMessages,
  mergeRequest,
} from "../../../src/node-red/chat-stream/composing/request.js";
import { readTags } from "../../../src/node-red/messages/ask-tags.js";
import { InFlight } from "../../../src/node-red/messages/in-flight.js";
import { StreamWriter } from "../../../src/node-red/messages/stream-writer.js";
import type { Message, NodeRed, NodeStatus, RuntimeNode } from "../../../src/node-red/red/api.js";
import { RouterController } from "../../../src/node-red/tool-call-router/controller.js";
import type { RouterConfig } from "../../../src/node-red/tool-call-router/settings.js";
import { FakeClock } from "./fake-clock.js";
import { NodeWorld } from "./node-world.js";

/** A tool call as a test writes it. */
export interface ScriptedCall {
  name: string;
  /** JSON text, or a value that is written as JSON. Default: `{}`. */
  args?: unknown;
  id?: string;
  /** More fields of the call. */
  extras?: object;
}

/** One answer of the model. */
export interface ModelTurn {
  texts?: readonly string[];
  calls?: readonly ScriptedCall[];
  /** Chunks before the calls. */
  chunks?: readonly Chunk[];
  /** The finish reason of the vendor. Default: `stop`. */
  finish?: string;
  /** The code of the failure. Default: the turn succeeds. */
  fails?: FailureCode;
  usage?: Record<string, unknown>;
  /** Default: unknown. */
  cost?: Cost;
  /** `before`: nothing comes. `within`: the end does not come. */
  stalls?: "before" | "within";
}

/** Options of a world, with settings of the tool-call-router. */
export interface RouterWorldOptions extends Partial<RouterConfig> {
  /** Outputs without a wire, counted from 0. */
  unwired?: readonly number[];
}

/** A tool with a schema. */
export const WEATHER = {
  name: "get_weather",
  description: "The weather in a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
/** A tool without a schema. */
export const TIME = { name: "get_time", description: "The time in a city", parameters: "" };

/** Creates a chunk with a delta of the first choice. */
export function createDeltaChunk(
  fields: Chunk["choices"][number]["delta"],
  finish: string | null = null,
): Chunk {
  return { choices: [{ index: 0, delta: fields, finish_reason: finish }] };
}

/** A tool-call-router outside Node-RED, with a fake clock and a simulated chat-stream, reader and tools. */
export class RouterWorld extends NodeWorld {
  readonly clock = new FakeClock();
  /** Requests from output 2. */
  readonly requests: Message[] = [];
  /** Control messages from output 2. */
  readonly commands: Message[] = [];
  /** Messages that the reader gets. */
  readonly out: Message[] = [];
  /** Messages to tools, with the number of their output from 1. */
  readonly calls: { output: number; message: Message }[] = [];
  /** Messages of `node.error`. */
  readonly reportedMessages: Message[] = [];
  readonly warnings: string[] = [];
  readonly debugs: string[] = [];
  readonly statuses: NodeStatus[] = [];
  /** Handles a message to a tool. Default: it comes back at once, with the arguments as the result. */
  onCall: (message: Message, output: number) => void = (message) => this.input(message);
  /** Changes a request on its way to the model. `undefined` loses it. */
  changeRequest: (message: Message) => Message | undefined = (message) => message;
  /** Handles a message of the model's stream. Default: it goes to the router. */
  onStream: (message: Message) => void = (message) => this.input(message);
  readonly controller: RouterController;
  readonly node: RuntimeNode;
  /** Requests that the chat-stream is working on. */
  readonly inFlight = new InFlight();
  private streams = 0;

  constructor(
    /** Decides how the model answers, by the number of the request from 0. */
    private readonly model: (request: Message, nth: number) => ModelTurn,
    { unwired = [], ...config }: RouterWorldOptions = {},
  ) {
    super();
    const node = {
      id: "router",
      type: "tool-call-router",
      wires: Array.from({ length: 12 }, (_, output) => (unwired.includes(output) ? [] : [`to-${output}`])),
      status: (status: NodeStatus) => this.statuses.push(status),
      error: (error: { message: string }, message: Message) => {
        this.errors.push(error);
        this.reportedMessages.push(message);
      },
      warn: (text: string) => this.warnings.push(text),
      debug: (text: string) => this.debugs.push(text),
    };
    this.node = node as unknown as RuntimeNode;
    const red = {
      util: { cloneMessage: structuredClone },
      nodes: {
        getNode: (id: string) => (id === "router" ? node : (this.nodes.get(id) ?? createNodeBehind(id))),
      },
      _: (key: string, values: object) => `${key} ${JSON.stringify(values)}`,
    };
    const full = { id: "router", type: "tool-call-router", tools: [WEATHER, TIME], ...config };
    this.controller = new RouterController(
      red as unknown as NodeRed,
      this.node,
      full,
      this.clock,
      this.inFlight,
    );
  }

  /** Other nodes of the flow, by their id. */
  readonly nodes = new Map<string, unknown>();

  get ends(): Message[] {
    return this.out.filter(({ complete }) => complete === true);
  }

  /** Returns the conversation of the nth request. */
  getConversation(nth: number): ChatMessage[] {
    return this.requests[nth]!["messages"] as ChatMessage[];
  }

  /** Returns the results of tools in the nth request. */
  getResults(nth: number): string[] {
    return this.getConversation(nth).flatMap(({ role, content }) =>
      role === "tool" ? [String(content)] : [],
    );
  }

  /** Answers the nth call. */
  answer(nth: number, payload: unknown, more: Message = {}): void {
    this.input({ ...this.calls[nth]!.message, payload, ...more });
  }

  /** Sends the stream that answers a request, as a chat-stream does. */
  sendStream(message: Message, turn: ModelTurn): void {
    const release = this.inFlight.hold(readTags(message));
    if (turn.stalls === "before") return;
    const id = `stream-${this.streams++}`;
    const machine = new CompletionMachine();
    const writer = new StreamWriter({ id, message, send: this.deliver, mergeReads: false });
    for (const text of turn.texts ?? []) {
      machine.addText(text);
      writer.writeText(text);
    }
    for (const chunk of [...(turn.chunks ?? []), ...createCallPieces(turn.calls ?? [])]) {
      machine.addChunk(chunk);
      writer.writeChunk(structuredClone(chunk), chunk.choices[0]?.delta.content ?? "");
    }
    if (turn.stalls) return;
    const failure = turn.fails && new Failure(turn.fails, "It failed.", { partial: machine.text });
    machine.addChunk({ ...createDeltaChunk({}, turn.finish ?? "stop"), usage: turn.usage ?? null });
    const result = {
      closing: machine.buildClosingChunk(),
      finishReason: failure ? "error" : machine.finishReason,
      stats: buildStats(1, machine.length, null, 100),
      cost: turn.cost ?? null,
      ...(failure ? { failure } : {}),
    };
    const prompt = bringsMessages(message) ? undefined : message.payload;
    const ask = mergeRequest(prompt, "msg.payload", message, {
      model: "model-1",
      system: "",
      showsSystem: false,
      parameters: {},
    });
    writer.end(result as ChatResult, { request: addHistory(ask, [], "msg.payload") });
    release();
  }

  private readonly deliver = (output: Message | (Message | null)[]): void => {
    this.onStream(output as Message);
  };

  protected readonly send = (output: Message | (Message | null)[]): void => {
    const [message, request, ...calls] = Array.isArray(output) ? output : [output];
    if (message) this.out.push(message);
    if (request && ("cancel" in request || "reset" in request)) this.commands.push(request);
    else if (request) {
      const nth = this.requests.push(structuredClone(request)) - 1;
      const arrived = this.changeRequest(request);
      if (arrived) this.sendStream(arrived, this.model(arrived, nth));
    }
    for (const [at, call] of calls.entries()) {
      if (!call) continue;
      this.calls.push({ output: at + 3, message: call });
      this.onCall(call, at + 3);
    }
  };
}

/** Creates the node behind a wire of the router. Its own wire leads back. */
function createNodeBehind(id: string): object | undefined {
  if (!id.startsWith("to-")) return undefined;
  return { id, type: id === "to-1" ? "chat-stream" : "function", wires: [["router"]] };
}

/** Creates the chunks of calls, with the arguments in two pieces. */
export function createCallPieces(calls: readonly ScriptedCall[]): Chunk[] {
  return calls.flatMap(({ name, args = {}, id, extras }, index) => {
    const text = typeof args === "string" ? args : JSON.stringify(args);
    const head: ToolCallDelta = { index, id: id ?? `call_${index}`, type: "function", function: { name } };
    const half = Math.ceil(text.length / 2);
    return [
      createDeltaChunk({ tool_calls: [{ ...extras, ...head }] }),
      ...[text.slice(0, half), text.slice(half)].map((piece) =>
        createDeltaChunk({ tool_calls: [{ index, function: { arguments: piece } }] }),
      ),
    ];
  });
}

/** Creates a model that answers with these turns one after another. Later requests get the last turn. */
export function createModel(...turns: readonly ModelTurn[]): (request: Message, nth: number) => ModelTurn {
  return (_request, nth) => turns[Math.min(nth, turns.length - 1)]!;
}
