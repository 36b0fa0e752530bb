import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import { CollectController } from "../../../src/node-red/collect/controller.js";
import { DeltaBufferController } from "../../../src/node-red/delta-buffer/controller.js";
import { readTags } from "../../../src/node-red/messages/ask-tags.js";
import { InFlight } from "../../../src/node-red/messages/in-flight.js";
import type { Done, Message, NodeRed, RuntimeNode, Send } from "../../../src/node-red/red/api.js";
import { RetryController } from "../../../src/node-red/retry/controller.js";
import { RouterController } from "../../../src/node-red/tool-call-router/controller.js";
import { createRandom } from "../services/toxics.js";
import { FakeClock } from "./fake-clock.js";
import { type ModelTurn, WEATHER } from "./router-world.js";
import { composeModelRequest, sendTurn } from "./sent-turn.js";

/** The nodes that a chain may have, in the order of the stream. */
export type ChainNode = "retry" | "router" | "buffer";

/** What a wire does to the messages on it, each as a share of them. */
export interface Disturbance {
  seed: number;
  delayed: number;
  doubled: number;
  dropped: number;
  /** Drops messages that add nothing, such as the reset after which a stream begins again. */
  dropsEmpty: boolean;
}

/** What a model says to a conversation, by the number of the request. */
export type Model = (conversation: readonly ChatMessage[], nth: number) => ModelTurn;

/** Longest delay of a message on a wire: less than the nodes wait for it. */
const MAX_DELAY_MS = 4_000;

/** chat-stream → retry → tool-call-router → delta-buffer → collect on one clock, with wires that are not what they should be. */
export class ChainWorld {
  readonly clock = new FakeClock();
  readonly finished: Message[] = [];
  readonly unfinished: Message[] = [];
  /** What was thrown into the runtime, which would have ended it. */
  readonly thrown: unknown[] = [];
  requests = 0;
  toolCalls = 0;
  private readonly inFlight = new InFlight();
  private readonly inputs = new Map<string, (message: Message) => void>();
  private readonly closers: (() => void)[] = [];
  private readonly random: () => number;
  /** The node behind the chat-stream. */
  private readonly first: string;

  constructor(
    private readonly model: Model,
    chain: readonly ChainNode[],
    private readonly disturbance: Disturbance,
    settings: { retry?: object; router?: object; buffer?: object } = {},
  ) {
    this.random = createRandom(disturbance.seed);
    const order = [...chain, "collect"];
    this.first = order[0]!;
    const next = (name: string) => order[order.indexOf(name) + 1]!;
    // Where messages are held for seconds, the flow has a node that holds them.
    const ask = disturbance.delayed > 0 ? "delay" : "ask";
    const wires: Record<string, string[][]> = {
      ask: [[order[0]!]],
      delay: [["ask"]],
      retry: [[next("retry")], [ask], []],
      router: [[next("router")], [ask], ["tool"]],
      tool: [["router"]],
      buffer: [["collect"]],
      collect: [["finished"], ["unfinished"]],
    };
    const types: Record<string, string> = {
      ask: "chat-stream",
      router: "tool-call-router",
      buffer: "delta-buffer",
      tool: "function",
    };
    const nodes = new Map(
      Object.entries(wires).map(([id, outputs]) => [id, this.createNode(id, types[id] ?? id, outputs)]),
    );
    const red = {
      nodes: { getNode: (id: string) => nodes.get(id) },
      util: { cloneMessage: structuredClone },
      _: (key: string) => key,
    } as unknown as NodeRed;
    const { clock, inFlight } = this;
    const create = <T extends { input(message: Message, send: Send, done: Done): unknown; close(): void }>(
      id: string,
      make: (node: RuntimeNode) => T,
    ) => this.addController(id, make(nodes.get(id)!), wires[id]!);
    const config = (id: string, more: object = {}) => ({ id, type: types[id] ?? id, ...more });
    create(
      "retry",
      (node) =>
        new RetryController(red, node, config("retry", settings.retry), {
          clock,
          inFlight,
          random: () => 0.5,
        }),
    );
    const router = { tools: [WEATHER], ...settings.router };
    create("router", (node) => new RouterController(red, node, config("router", router), clock, inFlight));
    const buffer = { milliseconds: 20, ...settings.buffer };
    create("buffer", (node) => new DeltaBufferController(red, node, config("buffer", buffer), clock));
    create("collect", (node) => new CollectController(red, node, config("collect"), clock));
    for (const id of ["ask", "delay"]) this.inputs.set(id, (message) => this.answer(message));
    this.inputs.set("tool", (message) => {
      this.toolCalls++;
      this.deliver("router", { ...message, payload: "sunny" });
    });
    this.inputs.set("finished", (message) => void this.finished.push(message));
    this.inputs.set("unfinished", (message) => void this.unfinished.push(message));
  }

  /** Asks a question and waits until nothing is left to happen. */
  ask(entry: "ask" | "router", message: Message = { payload: "Hi", _msgid: "m" }): void {
    this.inputs.get(entry)!(message);
    this.clock.run(20_000_000);
  }

  close(): void {
    for (const close of this.closers) close();
  }

  private createNode(id: string, type: string, wires: string[][]): RuntimeNode {
    const ignore = () => {};
    return {
      id,
      type,
      wires,
      status: ignore,
      error: ignore,
      warn: ignore,
      debug: ignore,
    } as unknown as RuntimeNode;
  }

  private addController(
    id: string,
    controller: { input(message: Message, send: Send, done: Done): unknown; close(): void },
    wires: string[][],
  ): void {
    this.closers.push(() => controller.close());
    const send: Send = (output) => {
      for (const [at, message] of (Array.isArray(output) ? output : [output]).entries()) {
        if (message) for (const target of wires[at] ?? []) this.deliver(target, message);
      }
    };
    this.inputs.set(id, (message) => {
      try {
        controller.input(message, send, () => {});
      } catch (thrown) {
        this.thrown.push(thrown);
      }
    });
  }

  /** Brings a message over a wire, as the disturbance has it. */
  private deliver(target: string, message: Message): void {
    const { delayed, doubled, dropped, dropsEmpty } = this.disturbance;
    const isSink = target === "finished" || target === "unfinished";
    const isEmpty =
      message.payload === "" && message.complete !== true && target !== "ask" && target !== "delay";
    if (!isSink && (this.random() < dropped || (dropsEmpty && isEmpty && message.chunk === undefined)))
      return;
    const copies = !isSink && this.random() < doubled ? 2 : 1;
    for (let nth = 0; nth < copies; nth++) {
      const copy = structuredClone(message);
      const wait = this.random() < delayed ? Math.floor(this.random() * MAX_DELAY_MS) : 0;
      this.clock.setTimer(() => this.inputs.get(target)!(copy), wait);
    }
  }

  /** What a chat-stream does with a request. */
  private answer(message: Message): void {
    if (Object.hasOwn(message, "cancel") || Object.hasOwn(message, "reset")) return;
    const release = this.inFlight.hold(readTags(message));
    const request = composeModelRequest(message);
    const turn = this.model(request.messages, this.requests++);
    sendTurn(`stream-${this.requests}`, message, request, turn, (output) => this.deliver(this.first, output));
    release();
  }
}
