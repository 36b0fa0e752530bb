import assert from "node:assert/strict";
import type { ChatRequest } from "../../../src/core/chat/request.js";
import { buildStats } from "../../../src/core/chat/stats.js";
import { Failure, type FailureCode, type FailureDetails } from "../../../src/core/failure.js";
import { readTags } from "../../../src/node-red/messages/ask-tags.js";
import { InFlight } from "../../../src/node-red/messages/in-flight.js";
import { inheritProperties } from "../../../src/node-red/messages/inherited-properties.js";
import type { Message, NodeRed, NodeStatus, RuntimeNode } from "../../../src/node-red/red/api.js";
import { RetryController } from "../../../src/node-red/retry/controller.js";
import type { RetryConfig } from "../../../src/node-red/retry/settings.js";
import { dropReset, joinPayloads } from "../runtime/inbox.js";
import { createRandom } from "../services/toxics.js";
import { FakeClock } from "./fake-clock.js";
import { NodeWorld } from "./node-world.js";

/** How the chat-stream answers a request. */
export interface Outcome {
  /** Milliseconds until the stream comes. Default: 0. */
  takesMs?: number;
  texts?: readonly string[];
  /** Chunks before the texts. */
  chunks?: readonly object[];
  /** The code of the failure. Default: the stream succeeds. */
  fails?: FailureCode;
  details?: FailureDetails;
  /** More properties of the last message. */
  last?: Message;
}

/** A request that was sent. */
export interface SentRequest {
  /** Milliseconds since the world began. */
  at: number;
  message: Message;
  route: "first" | "again" | "fallback";
}

/** Options of a world, with settings of the retry node. */
export interface RetryWorldOptions extends Partial<RetryConfig> {
  /** Whether output 2 and output 3 have a wire. Default: only output 2. */
  wires?: readonly boolean[];
  /** The random generator. Default: a seeded one. */
  random?(): number;
}

/** A retry node outside Node-RED, with a fake clock, a simulated chat-stream and a simulated reader. */
export class RetryWorld extends NodeWorld {
  readonly clock = new FakeClock();
  readonly requests: SentRequest[] = [];
  /** Messages that the reader gets. */
  readonly out: Message[] = [];
  readonly warnings: unknown[] = [];
  readonly statuses: NodeStatus[] = [];
  /** Handles a control message from output 2 or 3. */
  onControl: (message: Message, route: string) => void = () => {};
  /** Changes a request on its way back to the chat-stream. `undefined` loses it. */
  changeRequest: (message: Message) => Message | undefined = (message) => message;
  readonly controller: RetryController;
  private readonly began = this.clock.now();
  private streams = 0;
  /** Requests that the chat-stream is working on. */
  readonly inFlight = new InFlight();

  constructor(
    /** Decides how each request is answered, by its number from 0. */
    private readonly service: (request: SentRequest, nth: number) => Outcome,
    options: RetryWorldOptions = {},
  ) {
    super();
    const { wires = [true, false], random = createRandom(7), ...config } = options;
    const node = {
      id: "retry",
      type: "retry",
      wires: [["out"], ...wires.map((wired) => (wired ? ["ask"] : []))],
      status: (status: NodeStatus) => this.statuses.push(status),
      error: (error: { message: string }) => this.errors.push(error),
      warn: (text: unknown) => this.warnings.push(text),
    };
    const red = {
      nodes: {
        getNode: (id: string) => ({ retry: node, ask: { id, type: "chat-stream", wires: [["retry"]] } })[id],
      },
      util: { cloneMessage: structuredClone },
      _: (key: string, values: object) => `${key} ${JSON.stringify(values)}`,
    };
    this.controller = new RetryController(
      red as unknown as NodeRed,
      node as unknown as RuntimeNode,
      { id: "retry", type: "retry", ...config },
      { clock: this.clock, random, inFlight: this.inFlight },
    );
  }

  /** Milliseconds since the world began. */
  get now(): number {
    return this.clock.now() - this.began;
  }

  /** The last messages of streams that the reader got. */
  get ends(): Message[] {
    return this.out.filter(({ complete }) => complete === true);
  }

  /** Lets the chat-stream answer a message. */
  ask(message: Message = {}, route: SentRequest["route"] = "first"): void {
    const request = { at: this.now, message, route };
    const outcome = this.service(request, this.requests.push(request) - 1);
    const id = `stream-${this.streams++}`;
    const release = this.inFlight.hold(readTags(message));
    this.clock.setTimer(() => {
      this.sendStream(id, message, outcome);
      release();
    }, outcome.takesMs ?? 0);
  }

  private sendStream(id: string, message: Message, outcome: Outcome): void {
    const { texts = [], chunks = [], fails, details, takesMs = 0, last: more } = outcome;
    const inherited = inheritProperties(message);
    let index = 0;
    const createParts = () => ({ id, index: index++, type: "string", ch: "" });
    for (const chunk of chunks) this.input({ ...inherited, payload: "", parts: createParts(), chunk });
    for (const payload of texts) this.input({ ...inherited, payload, parts: createParts() });
    const text = texts.join("");
    const last: Message = {
      ...inherited,
      payload: "",
      parts: { ...createParts(), count: index },
      complete: true,
      chunk: { choices: [] },
      finishReason: fails ? "error" : "stop",
      usage: null,
      stats: buildStats(texts.length, text.length, texts.length > 0 ? 0 : null, takesMs),
      request: buildRequest(message),
      ...more,
    };
    if (fails) last.error = new Failure(fails, "It failed.", { partial: text, ...details }).toJSON();
    this.input(last);
  }

  protected readonly send = (output: Message | (Message | null)[]): void => {
    const [message, again, fallback] = Array.isArray(output) ? output : [output];
    if (message) this.out.push(message);
    for (const [route, request] of [
      ["again", again],
      ["fallback", fallback],
    ] as const) {
      if (!request) continue;
      if (Object.hasOwn(request, "cancel") || Object.hasOwn(request, "reset")) this.onControl(request, route);
      else {
        const arrived = this.changeRequest(request);
        if (arrived) this.ask(arrived, route);
      }
    }
  };
}

function buildRequest(message: Message): ChatRequest {
  const messages = message["messages"] ?? [{ role: "user", content: message.payload ?? "Hi" }];
  return {
    model: "model-1",
    messages: messages as ChatRequest["messages"],
    parameters: message["options"] ?? {},
  } as ChatRequest;
}

/** A request that succeeds after 10 ms. */
export const SUCCEEDS: Outcome = { takesMs: 10, texts: ["Hello", " world"] };

/** A request that fails after 10 ms and may be repeated. */
export const FAILS: Outcome = { takesMs: 10, fails: "server_error", details: { status: 500 } };

/** Creates a world whose first request has this outcome and whose later requests succeed. */
export function createWorldFailingOnce(outcome: Outcome, options: RetryWorldOptions = {}): RetryWorld {
  return new RetryWorld((_request, nth) => (nth === 0 ? outcome : SUCCEEDS), {
    random: () => 0.5,
    ...options,
  });
}

/** A request that fails before any text. */
export const BROKEN: Outcome = { takesMs: 100, fails: "interrupted" };

/**
 * Plays outcomes one after another until the stream has ended. Later requests get the last outcome.
 * @param properties of the message that asks
 */
export async function runRetry(
  outcomes: readonly Outcome[],
  options: RetryWorldOptions = {},
  properties: Message = {},
): Promise<RetryWorld> {
  const world = new RetryWorld((_request, nth) => outcomes[Math.min(nth, outcomes.length - 1)]!, {
    random: () => 0.5,
    ...options,
  });
  world.ask({ payload: "Hi", ...properties });
  await world.clock.advance(3_000_000);
  assert.equal(world.ends.length, 1);
  assert.equal(world.done, world.got);
  assert.equal(world.clock.timerCount, 0);
  return world;
}

/** Joins the text that a reader has in the end, which begins after the last reset. */
export function readText(messages: readonly Message[]): string {
  return joinPayloads(dropReset(messages));
}
