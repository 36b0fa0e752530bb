import { toFailure } from "../../../src/core/failure.js";
import { CollectController } from "../../../src/node-red/collect/controller.js";
import { DeltaBufferController } from "../../../src/node-red/delta-buffer/controller.js";
import { readTags } from "../../../src/node-red/messages/ask-tags.js";
import { InFlight } from "../../../src/node-red/messages/in-flight.js";
import type { Done, Message, NodeRed, RuntimeNode, Send } from "../../../src/node-red/red/api.js";
import { RetryController } from "../../../src/node-red/retry/controller.js";
import { RouterController } from "../../../src/node-red/tool-call-router/controller.js";
import { checkReaders, isReturnedRefusal } from "../../../src/node-red/wires/ask-loops.js";
import { FakeClock } from "./fake-clock.js";
import { type ModelTurn, WEATHER } from "./router-world.js";
import { composeModelRequest, sendTurn } from "./sent-turn.js";

/** The nodes of a graph by their ids: the type of each, and how many outputs it has. */
export const GRAPH_NODES = {
  ask: ["chat-stream", 1],
  other: ["chat-stream", 1],
  retry: ["retry", 3],
  router: ["tool-call-router", 3],
  buffer: ["delta-buffer", 1],
  collect: ["collect", 2],
  junction: ["junction", 1],
  tool: ["function", 1],
  debug: ["debug", 0],
} as const;

export type GraphNode = keyof typeof GRAPH_NODES;

/** For each node, the targets of each of its outputs. */
export type Graph = Readonly<Record<GraphNode, readonly (readonly GraphNode[])[]>>;

/** Messages that the author's own function lets through: it is what ends a round that goes through it. */
const MAX_TOOL_MESSAGES = 3;

/** More than any flow of this world needs: a round that never ends gets here. */
const MAX_DELIVERIES = 5_000;

/** A controller as the runtime uses it. */
interface Controller {
  input(message: Message, send: Send, done: Done): void;
  close(): void;
}

/** Any of our nodes, wired in any way, on one clock. The chat-streams check their wires as the real ones do. */
export class GraphWorld {
  readonly clock = new FakeClock();
  readonly inFlight = new InFlight();
  /** Streams that chat-streams have begun: what they asked, or with what they failed. */
  readonly streams: { id: string; node: string; failure?: string }[] = [];
  /** Requests that cost money. */
  requests = 0;
  deliveries = 0;
  /** Inputs of our nodes, and how many of them are done. */
  got = 0;
  done = 0;
  /** When something last happened. */
  lastAt = 0;
  /** What was thrown into the runtime besides failures. */
  readonly thrown: unknown[] = [];
  private toolMessages = 0;
  private readonly controllers = new Map<string, Controller>();
  private readonly nodes: Map<string, RuntimeNode>;
  private readonly red: NodeRed;

  constructor(
    private readonly graph: Graph,
    disabled: readonly GraphNode[],
    private readonly model: (nth: number) => ModelTurn,
  ) {
    const ignore = () => {};
    const entries = Object.entries(GRAPH_NODES).filter(([id]) => !disabled.includes(id as GraphNode));
    this.nodes = new Map(
      entries.map(([id, [type]]) => {
        const wires = graph[id as GraphNode];
        const node = { id, type, wires, status: ignore, error: ignore, warn: ignore, debug: ignore };
        return [id, node as unknown as RuntimeNode];
      }),
    );
    this.red = {
      nodes: { getNode: (id: string) => this.nodes.get(id) ?? null },
      util: { cloneMessage: structuredClone },
      _: (key: string) => key,
    } as unknown as NodeRed;
    const { red, clock, inFlight } = this;
    const config = (id: GraphNode, more: object) => ({ id, type: GRAPH_NODES[id][0], ...more });
    const add = (id: GraphNode, make: (node: RuntimeNode) => Controller) => {
      const node = this.nodes.get(id);
      if (node) this.controllers.set(id, make(node));
    };
    add(
      "retry",
      (node) => new RetryController(red, node, config("retry", {}), { clock, inFlight, random: () => 0.5 }),
    );
    add(
      "router",
      (node) =>
        new RouterController(
          red,
          node,
          config("router", { tools: [WEATHER], maxRounds: 3 }),
          clock,
          inFlight,
        ),
    );
    add(
      "buffer",
      (node) => new DeltaBufferController(red, node, config("buffer", { milliseconds: 20 }), clock),
    );
    add("collect", (node) => new CollectController(red, node, config("collect", {}), clock));
  }

  /** Whether the author's own function has kept a message to itself, perhaps the last one of a stream. */
  get hasDropped(): boolean {
    return this.toolMessages > MAX_TOOL_MESSAGES;
  }

  /** Gives a question to a node and waits until nothing is left to happen. */
  ask(entry: GraphNode): void {
    this.deliver(entry, { payload: "Hi", _msgid: "m" });
    this.clock.run(20_000_000);
  }

  close(): void {
    for (const controller of this.controllers.values()) controller.close();
  }

  private deliver(target: GraphNode, message: Message): void {
    if (++this.deliveries > MAX_DELIVERIES) return;
    const copy = structuredClone(message);
    this.clock.setTimer(() => this.receive(target, copy), 0);
  }

  private receive(target: GraphNode, message: Message): void {
    const node = this.nodes.get(target);
    if (!node) return;
    this.lastAt = this.clock.now();
    const send: Send = (output) => {
      for (const [at, sent] of (Array.isArray(output) ? output : [output]).entries())
        if (sent) for (const next of this.graph[target][at] ?? []) this.deliver(next, sent);
    };
    const controller = this.controllers.get(target);
    if (node.type === "chat-stream") this.answer(node, message, send);
    else if (target === "junction") send(message);
    else if (target === "tool") {
      if (++this.toolMessages <= MAX_TOOL_MESSAGES) send({ ...message, payload: "sunny" });
    } else if (controller) this.input(controller, message, send);
  }

  private input(controller: Controller, message: Message, send: Send): void {
    this.got++;
    let isOpen = true;
    const done = () => {
      if (!isOpen) this.thrown.push(new Error("done was called twice"));
      isOpen = false;
      this.done++;
    };
    try {
      controller.input(message, send, done);
    } catch (thrown) {
      done();
      if (toFailure(thrown) !== thrown) this.thrown.push(thrown);
    }
  }

  /** What a chat-stream does with a message. */
  private answer(node: RuntimeNode, message: Message, send: Send): void {
    if (Object.hasOwn(message, "cancel") || Object.hasOwn(message, "reset")) return;
    if (isReturnedRefusal(this.red, node, message)) return;
    const release = this.inFlight.hold(readTags(message));
    const id = `stream-${this.streams.length + 1}`;
    try {
      checkReaders(this.red, node);
      const request = composeModelRequest(message);
      this.streams.push({ id, node: node.id });
      sendTurn(id, message, request, this.model(this.requests++), send);
    } catch (thrown) {
      const { code } = toFailure(thrown);
      this.streams.push({ id, node: node.id, failure: code });
      sendTurn(id, message, undefined, { fails: code }, send);
    }
    release();
  }
}
