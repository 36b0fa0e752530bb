import assert from "node:assert/strict";
import type { Chunk, Delta } from "../../../src/core/chat/chunk.js";
import { Failure, type FailureData } from "../../../src/core/failure.js";
import type { RetryTag } from "../../../src/node-red/messages/ask-tags.js";
import type { StreamMessage } from "../../../src/node-red/messages/stream-message.js";
import type { Message } from "../../../src/node-red/red/api.js";
import type { RetryEffect, RetryEvent } from "../../../src/node-red/retry/events.js";
import { readRetrySettings } from "../../../src/node-red/retry/settings.js";
import { RetryStream } from "../../../src/node-red/retry/stream.js";
import { StreamReader } from "../../support/worlds/stream-reader.js";

/** Creates the message with this index of the present request's stream. */
function createMessage(index: number, payload: unknown, more: Message = {}): StreamMessage {
  return { payload, parts: { id: "s", index, type: "string", ch: "" }, ...more };
}

/** Creates the last message of a request that broke after this text. */
function createBroken(index: number, partial: string, more: Message = {}): StreamMessage {
  const message = createMessage(index, "", {
    complete: true,
    error: { code: "interrupted", message: "It broke.", retryable: true, provider: "demo", partial },
    request: { model: "m", messages: [{ role: "user", content: "Hi" }] },
    ...more,
  });
  message.parts.count = index + 1;
  return message;
}

const createChunk = (delta: Delta): Chunk => ({ choices: [{ index: 0, delta, finish_reason: null }] });

/** The machine of one stream with its reader. */
class MachineWorld {
  readonly reader = new StreamReader("s", 0);
  readonly effects: RetryEffect[] = [];
  readonly sent: Message[] = [];
  readonly stream: RetryStream;

  /** @param onSend what the reader does with each message */
  constructor(
    attempts: number,
    tag?: Partial<RetryTag>,
    private readonly onSend: (message: Message) => void = () => {},
  ) {
    this.stream = new RetryStream(
      createMessage(0, ""),
      {
        settings: readRetrySettings({ id: "r", type: "retry", attempts, delay: 0 }),
        asker: { node: "r", deployId: "d" },
        now: () => 0,
        random: () => 0,
        findDeadEnd: (route) => (route === "again" ? undefined : ""),
      },
      tag && ({ kind: "retry", node: "r", stream: "s", restarts: 0, route: "again", ...tag } as RetryTag),
    );
  }

  /** Plays events. A message is one of the present request. */
  play(...events: (RetryEvent | RetryEvent["type"] | StreamMessage)[]): this {
    for (const event of events) {
      const effects = this.stream.on(toEvent(event));
      this.effects.push(...effects);
      for (const effect of effects) {
        if (effect.type !== "send") continue;
        this.reader.read(effect.message);
        this.sent.push(structuredClone(effect.message));
        this.onSend(effect.message);
      }
    }
    return this;
  }

  /** Lets the next request leave and its answer begin. */
  askAgain(): this {
    return this.play("due", "admitted", "claimed");
  }

  get partial(): string {
    return (this.sent.at(-1)!.error as FailureData).partial;
  }
}

function toEvent(event: RetryEvent | RetryEvent["type"] | StreamMessage): RetryEvent {
  if (event === "lost") return { type: "lost", failure: new Failure("timeout", "Nothing came.") };
  if (typeof event === "string") return { type: event } as RetryEvent;
  if ("type" in event) return event as RetryEvent;
  return { type: "message", message: event };
}

const REFRAIN = "na na na na na na na na na ";

describe("Machine of a retry node", () => {
  it("gives up in the right place if something came before a continuation that is unclear", () => {
    const { reader, sent } = new MachineWorld(2)
      .play(createMessage(0, REFRAIN), createBroken(1, REFRAIN))
      .askAgain()
      .play(
        createMessage(0, "", { chunk: createChunk({ reasoning_content: "hm" }) }),
        createMessage(1, REFRAIN),
      )
      .play(createMessage(2, "so"));
    assert.ok(reader.hasEnded);
    assert.match((sent.at(-1)!.error as FailureData).message, /continuation is unclear/);
  });

  it("says the reader's text once in the error if the stream is lost after it began again", () => {
    const world = new MachineWorld(3)
      .play(createMessage(0, "Once upon"), createBroken(1, "Once upon"))
      .askAgain()
      .play(
        { type: "restarted", message: createMessage(0, "", { reset: true }) },
        createMessage(0, " a time"),
        "lost",
      );
    assert.equal(world.reader.text, "Once upon a time");
    assert.equal(world.partial, "Once upon a time");
  });

  it("ends a lost stream in the right place, whatever its reader has done with the messages", () => {
    const ruin = (message: Message) => {
      for (const key of Object.keys(message)) delete message[key];
    };
    const world = new MachineWorld(3, undefined, ruin).play(
      createMessage(0, "a"),
      createMessage(1, "b"),
      "lost",
    );
    assert.ok(world.reader.hasEnded);
    assert.equal(world.sent.at(-1)!.parts!.index, 2);
  });

  it("keeps text that a failed request has on its last message", () => {
    for (const [partial, text] of [
      ["", "Once "],
      ["Once ", "upon "],
    ] as const) {
      const { reader } = new MachineWorld(3)
        .play(createMessage(0, partial), createBroken(1, partial + text, { payload: text }))
        .askAgain()
        .play(createMessage(0, "a time"));
      assert.equal(reader.text, `${partial}${text}a time`);
    }
  });

  it("drops repeated text from the last message of a continuation, too", () => {
    const text = "Once upon a time there";
    const { reader } = new MachineWorld(3)
      .play(createMessage(0, text), createBroken(1, text))
      .askAgain()
      .play(
        createMessage(0, "", {
          payload: "upon a time there was a king",
          complete: true,
          finishReason: "stop",
        }),
      );
    assert.ok(reader.hasEnded);
    assert.equal(reader.text, "Once upon a time there was a king");
  });

  it("takes a chunk of a continuation that a flow has damaged as it comes", () => {
    for (const chunk of [{}, { choices: 5 }, { choices: [null] }, { choices: [{ index: 0 }] }]) {
      const { reader } = new MachineWorld(3)
        .play(createMessage(0, "Once "), createBroken(1, "Once "))
        .askAgain()
        .play(createMessage(0, "upon a time", { chunk }));
      assert.equal(reader.text, "Once upon a time");
    }
  });

  it("counts an answer that breaks once: when it begins", () => {
    const { effects } = new MachineWorld(3).play(createMessage(0, "a"), createBroken(1, "a"));
    const settled = effects.filter(({ type }) => type === "settle");
    assert.deepEqual(settled, [{ type: "settle", route: "again", failure: undefined }]);
  });

  it("does not ask before the wait is over, nor twice", () => {
    const { effects } = new MachineWorld(3).play(createBroken(0, ""), "admitted", "refused", "due", "due");
    assert.equal(effects.filter(({ type }) => type === "enterQueue").length, 1);
    assert.equal(effects.filter(({ type }) => type === "ask").length, 0);
  });

  it("joins a stream whose beginning an earlier life of the node got, without trimming or restarting it", () => {
    const continues = { added: 1, echo: " " };
    for (const [tag, index, restarts] of [
      [{ messagesSent: 3, continues }, 5, undefined],
      [{ restarts: 1 }, 2, 1],
    ] as const) {
      const world = new MachineWorld(3, tag);
      world.reader.startAt("", index);
      const { payload, parts } = world.play(createMessage(2, " there")).sent[0]!;
      assert.deepEqual([payload, parts!.index, parts!.restarts], [" there", index, restarts]);
    }
  });

  it("stops an answer that its service keeps if the stream is lost before the answer goes on", () => {
    const kept = createBroken(1, "Once", { resume: { id: "resp_1", after: 3 } });
    for (const steps of [[], ["due", "admitted"]] as const) {
      const { effects, reader } = new MachineWorld(3).play(createMessage(0, "Once"), kept, ...steps, "lost");
      assert.ok(reader.hasEnded);
      const stops = effects.filter(({ type }) => type === "stop");
      assert.deepEqual(stops, [{ type: "stop", route: "again" }]);
    }
  });

  it("ends a resumed stream with an error if its tag is damaged and its text unclear", () => {
    const tag = { messagesSent: 0, continues: { added: 2, echo: "\n" } };
    const { reader, sent } = new MachineWorld(3, tag).play(createMessage(0, "\n"));
    assert.ok(reader.hasEnded);
    assert.equal((sent[0]!.error as FailureData).code, "interrupted");
  });
});
