import assert from "node:assert/strict";
import type { SpeechObserver } from "../../../src/client/speech-run.js";
import { closedStreams, MAX_ORPHAN_WAIT_MS } from "../../../src/node-red/messages/closed-streams.js";
import type { Done, Message, NodeRed, RuntimeNode } from "../../../src/node-red/red/api.js";
import { SpeechController } from "../../../src/node-red/speech-stream/controller.js";
import { createTextStream } from "../../support/flows/speech.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";

const MINUTE = 60_000;

/** A speech-stream with a fake clock, and a service that the test controls. */
class SpeechWorld {
  readonly clock = new FakeClock();
  readonly out: Message[] = [];
  /** Errors that a Catch node gets. */
  readonly reported: { code?: string }[] = [];
  readonly speaking: SpeechObserver[] = [];
  private readonly controller: SpeechController;

  constructor() {
    const node = { id: "speech", status: () => {}, error: (error: object) => this.reported.push(error) };
    const runtime = {
      speak: (_request: object, observer: SpeechObserver) => {
        this.speaking.push(observer);
        return { cancel: () => {} };
      },
    };
    const red = {
      nodes: { getNode: () => ({ type: "chat-provider", runtime }) },
      util: { getMessageProperty: (message: Message, property: string) => message[property] },
      _: (key: string) => key,
    };
    const config = { id: "speech", type: "speech-stream", provider: "provider" };
    this.controller = new SpeechController(
      red as unknown as NodeRed,
      node as unknown as RuntimeNode,
      config as never,
      this.clock,
    );
  }

  input(message: Message): void {
    const done: Done = (error) => {
      if (error) this.reported.push(error as { code?: string });
    };
    this.controller.input(message, (output) => void this.out.push(output as Message), done);
  }
}

describe("An open text of a speech-stream", () => {
  it("sends a last message after msg.cancel or silence even if nothing could be spoken", async () => {
    for (const stop of ["cancel", "silence"]) {
      const world = new SpeechWorld();
      world.input(createTextStream("a", "---")[0]!);
      if (stop === "cancel") world.input({ cancel: true });
      else await world.clock.advance(16 * MINUTE);
      assert.equal(world.out.length, 1);
      assert.equal(world.out[0]!.finishReason, stop === "cancel" ? "cancelled" : "error");
      assert.deepEqual(
        world.reported.map(({ code }) => code),
        stop === "cancel" ? [] : ["timeout"],
      );
      assert.equal(world.clock.timerCount, 0);
    }
  });

  it("reports a text that never ends once, while it is being spoken", async () => {
    const world = new SpeechWorld();
    world.input(createTextStream("a", "One.")[0]!);
    await world.clock.advance(16 * MINUTE);
    assert.equal(world.reported.length, 1);
    assert.equal(world.out.length, 1);
  });

  it("is spoken as far as it came, and ends as interrupted, if a deploy closed the node that it came from", async () => {
    const world = new SpeechWorld();
    world.input(createTextStream("a", "One.", "Two.")[0]!);
    closedStreams.announce("a");
    await world.clock.advance(MAX_ORPHAN_WAIT_MS - 1);
    world.speaking[0]!.onAudio(Buffer.from("one"));
    world.speaking[0]!.onEnd({ outcome: "complete" });
    await world.clock.advance(2 * MAX_ORPHAN_WAIT_MS);
    const last = world.out.at(-1)!;
    assert.equal(last.complete, true);
    assert.equal(last.finishReason, "error");
    const { code, partial } = last.error as { code: string; partial: string };
    assert.deepEqual([code, partial], ["interrupted", "One."]);
    assert.deepEqual(
      world.reported.map((error) => error.code),
      ["interrupted"],
    );
    assert.equal(world.clock.timerCount, 0);
  });

  it("does not expire while it is being spoken, however long that takes", async () => {
    const world = new SpeechWorld();
    const spokenTexts = ["One.", "Two.", "Three."];
    for (const message of createTextStream("a", ...spokenTexts)) world.input(message);
    for (const nth of spokenTexts.keys()) {
      await world.clock.advance(10 * MINUTE);
      world.speaking[nth]!.onEnd({ outcome: "complete" });
    }
    assert.equal(world.reported.length, 0);
    assert.equal(world.out.at(-1)!.finishReason, "length");
  });
});
