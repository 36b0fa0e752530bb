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
import { joinPayloads } from "../runtime/inbox.js";
import { createRandom } from "../services/toxics.js";
import { FakeClock } from "./fake-clock.js";
import { NodeWorld } from "./node-world.js";

/** How a request goes. */
export interface Outcome {
  /** Milliseconds that it takes. */
  takesMs?: number;
  texts?: readonly string[];
  /** Chunks that go before the texts. */
  chunks?: readonly object[];
  fails?: FailureCode;
  details?: FailureDetails;
  /** What the last message has beside. */
  last?: Message;
}

/** A request as it left. */
export interface SentRequest {
  /** Milliseconds since the world began. */
  at: number;
  message: Message;
  route: "first" | "again" | "fallback";
}

export interface RetryWorldOptions extends Partial<RetryConfig> {
  /** Whether output 2 and output 3 are wired. Default: output 2 is. */
  wires?: readonly boolean[];
  /** Chance. Default: a seeded generator. */
  random?(): number;
}

/** A retry node on a clock that a test moves, between a chat-stream and a reader that are none. */
export class RetryWorld extends NodeWorld {
  readonly clock = new FakeClock();
  readonly requests: SentRequest[] = [];
  /** What the reader gets. */
  readonly out: Message[] = [];
  readonly warnings: unknown[] = [];
  readonly statuses: NodeStatus[] = [];
  /** What happens to a control message that leaves by output 2 or 3. */
  onControl: (message: Message, route: string) => void = () => {};
  /** Changes a request on its way back to the chat-stream. */
  changeRequest: (message: Message) => Message | undefined = (message) => message;
  readonly controller: RetryController;
  private readonly began = this.clock.now();
  private streams = 0;
  /** The requests that the chat-stream works on. */
  readonly inFlight = new InFlight();

  constructor(
    /** How each request goes, by its number in all. */
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

  /** The last messages that the reader has got. */
  get ends(): Message[] {
    return this.out.filter(({ complete }) => complete === true);
  }

  /** Asks something, as a chat-stream does that gets a message. */
  ask(message: Message = {}, route: SentRequest["route"] = "first"): void {
    const asked = { at: this.now, message, route };
    const outcome = this.service(asked, this.requests.push(asked) - 1);
    const id = `stream-${this.streams++}`;
    const release = this.inFlight.hold(readTags(message));
    this.clock.setTimer(() => {
      this.sendStream(id, message, outcome);
      release();
    }, outcome.takesMs ?? 0);
  }

  private sendStream(id: string, message: Message, outcome: Outcome): void {
    const { texts = [], chunks = [], fails, details, takesMs: takes = 0, last: more } = outcome;
    const riding = inheritProperties(message);
    let index = 0;
    const parts = () => ({ id, index: index++, type: "string", ch: "" });
    for (const chunk of chunks) this.input({ ...riding, payload: "", parts: parts(), chunk });
    for (const payload of texts) this.input({ ...riding, payload, parts: parts() });
    const text = texts.join("");
    const last: Message = {
      ...riding,
      payload: "",
      parts: { ...parts(), count: index },
      complete: true,
      chunk: { choices: [] },
      finishReason: fails ? "error" : "stop",
      usage: null,
      stats: buildStats(texts.length, text.length, texts.length > 0 ? 0 : null, takes),
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

/** A request that fails before it has said anything. */
export const BROKEN: Outcome = { takesMs: 100, fails: "interrupted" };

/** Plays outcomes one after the other, the last again and again, until the stream has ended. */
export async function playOutcomes(
  outcomes: readonly Outcome[],
  options: RetryWorldOptions = {},
  asks: Message = {},
): Promise<RetryWorld> {
  const world = new RetryWorld((_asked, nth) => outcomes[Math.min(nth, outcomes.length - 1)]!, {
    random: () => 0.5,
    ...options,
  });
  world.ask({ payload: "Hi", ...asks });
  await world.clock.advance(3_000_000);
  assert.equal(world.ends.length, 1);
  assert.equal(world.done, world.got);
  assert.equal(world.clock.timerCount, 0);
  return world;
}

/** What a reader does with the messages: the text that he has in the end. */
export function joinReaderText(messages: readonly Message[]): string {
  const reset = messages.findLastIndex((message) => message["reset"] === true);
  return joinPayloads(messages.slice(reset + 1));
}
