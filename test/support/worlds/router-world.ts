import type { ChatResult } from "../../../src/client/chat-types.js";
import type { ChatMessage, Chunk, ToolCallDelta } from "../../../src/core/chat/chunk.js";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import { buildStats } from "../../../src/core/chat/stats.js";
import { Failure, type FailureCode } from "../../../src/core/failure.js";
import { addHistory, bringsMessages, mergeRequest } from "../../../src/node-red/chat-stream/request.js";
import { readTags } from "../../../src/node-red/messages/ask-tags.js";
import { InFlight } from "../../../src/node-red/messages/in-flight.js";
import { StreamWriter } from "../../../src/node-red/messages/stream-writer.js";
import type { Message, NodeRed, NodeStatus, RuntimeNode } from "../../../src/node-red/red/api.js";
import { RouterController } from "../../../src/node-red/tool-call-router/controller.js";
import type { RouterConfig } from "../../../src/node-red/tool-call-router/settings.js";
import { FakeClock } from "./fake-clock.js";
import { NodeWorld } from "./node-world.js";

/** A call as a test writes it. */
export interface ScriptedCall {
  name: string;
  /** JSON text, or what becomes it. */
  args?: unknown;
  id?: string;
  extras?: object;
}

/** What the model says in one turn. */
export interface ModelTurn {
  texts?: readonly string[];
  calls?: readonly ScriptedCall[];
  /** Chunks that go before the calls. */
  chunks?: readonly Chunk[];
  /** As the vendor writes it. */
  finish?: string;
  fails?: FailureCode;
  usage?: Record<string, unknown>;
  /** Nothing of it comes, or no end. */
  stalls?: "before" | "within";
}

export interface RouterWorldOptions extends Partial<RouterConfig> {
  /** Outputs without a wire. */
  unwired?: readonly number[];
}

export const WEATHER = {
  name: "get_weather",
  description: "The weather in a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
export const TIME = { name: "get_time", description: "The time in a city", parameters: "" };

/** A piece of the first choice's answer. */
export function createDeltaChunk(
  fields: Chunk["choices"][number]["delta"],
  finish: string | null = null,
): Chunk {
  return { choices: [{ index: 0, delta: fields, finish_reason: finish }] };
}

/** A tool-call-router on a clock that a test moves, between a chat-stream, a reader and tools that are none. */
export class RouterWorld extends NodeWorld {
  readonly clock = new FakeClock();
  /** What left by output 2, commands aside. */
  readonly requests: Message[] = [];
  readonly commands: Message[] = [];
  /** What the reader gets. */
  readonly out: Message[] = [];
  /** What left by the outputs of tools. */
  readonly calls: { output: number; message: Message }[] = [];
  /** With `node.error`, the messages. */
  readonly reportedMessages: Message[] = [];
  readonly warnings: string[] = [];
  readonly debugs: string[] = [];
  readonly statuses: NodeStatus[] = [];
  /** What a tool does with its call. Default: answers at once with its arguments. */
  onCall: (message: Message, output: number) => void = (message) => this.input(message);
  /** Changes a request on its way to the model. */
  changeRequest: (message: Message) => Message | undefined = (message) => message;
  /** Takes a message of the model's stream on its way to the router. */
  onStream: (message: Message) => void = (message) => this.input(message);
  readonly controller: RouterController;
  readonly node: RuntimeNode;
  /** The requests that the chat-stream works on. */
  readonly inFlight = new InFlight();
  private streams = 0;

  constructor(
    /** What the model says, by the number of the request. */
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
      // Where the wires lead, something is.
      nodes: {
        getNode: (id: string) => (id === "router" ? node : (this.nodes.get(id) ?? somethingBehind(id))),
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

  /** Nodes that can be found, by their id. */
  readonly nodes = new Map<string, unknown>();

  get ends(): Message[] {
    return this.out.filter(({ complete }) => complete === true);
  }

  /** The conversation of a request. */
  getConversation(nth: number): ChatMessage[] {
    return this.requests[nth]!["messages"] as ChatMessage[];
  }

  /** What the tools' messages of a request say. */
  getResults(nth: number): string[] {
    return this.getConversation(nth).flatMap(({ role, content }) =>
      role === "tool" ? [String(content)] : [],
    );
  }

  /** An answer to the nth call. */
  answer(nth: number, payload: unknown, more: Message = {}): void {
    this.input({ ...this.calls[nth]!.message, payload, ...more });
  }

  /** What a chat-stream does with a request. */
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
      ...(failure ? { failure } : {}),
    };
    const prompt = bringsMessages(message) ? undefined : message.payload;
    const ask = mergeRequest(prompt, "msg.payload", message, {
      model: "model-1",
      system: "",
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

/** Where the wires of the router lead, something is, whose output leads back. */
function somethingBehind(id: string): object | undefined {
  if (!id.startsWith("to-")) return undefined;
  return { id, type: id === "to-1" ? "chat-stream" : "function", wires: [["router"]] };
}

/** Calls in pieces, as a stream brings them. */
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

/** A model that makes these turns, one after the other, the last again and again. */
export function createModel(...said: readonly ModelTurn[]): (request: Message, nth: number) => ModelTurn {
  return (_request, nth) => said[Math.min(nth, said.length - 1)]!;
}
