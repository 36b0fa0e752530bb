import assert from "node:assert/strict";
import type { Chunk, Delta } from "../../../src/core/chat/chunk.js";
import type { FailureData } from "../../../src/core/failure.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { CollectWorld } from "../../support/worlds/collect-world.js";
import { assertStreamContract, DeltaBufferWorld } from "../../support/worlds/delta-buffer-world.js";
import { BROKEN, type Outcome, RetryWorld, readText, runRetry } from "../../support/worlds/retry-world.js";

const rich = (delta: Delta): Chunk => ({
  choices: [{ index: 0, delta, finish_reason: null }],
});
const REASONING = rich({ reasoning_content: "Let me see." });

describe("A stream that continues a broken answer", () => {
  it("drops text that the model repeats, whole messages of it too", async () => {
    const textSoFar = ["Once upon a time", " there was"];
    const world = await runRetry([
      { ...BROKEN, texts: textSoFar },
      { texts: ["Once", " upon a", " time there", " was", " a", " king"] },
    ]);
    assert.equal(readText(world.out), "Once upon a time there was a king");
    assert.deepEqual(
      world.out.map(({ parts }) => parts!.index),
      [...world.out.keys()],
    );
    assert.equal((world.ends[0]!.stats as { characters: number }).characters, 33);
  });

  it("drops a sentence that the model starts again although it got a prefill", async () => {
    const sentence = "The cat sat on the mat and looked at the moon.";
    const textSoFar = "It was late. The cat sat on the mat and looked at";
    for (const texts of [[sentence], sentence.split(/(?= )/), [" the", " moon."]]) {
      const { out } = await runRetry([
        { ...BROKEN, texts: [textSoFar], details: { provider: "openrouter" } },
        { texts },
      ]);
      assert.equal(readText(out), `It was late. ${sentence}`);
      assertStreamContract(out);
    }
  });

  it("sends held text that turns out to be no repetition, at the latest before the end or a failure", async () => {
    const textSoFar = "Once upon a time there was";
    for (const fails of [undefined, "interrupted"] as const) {
      const second: Outcome = fails ? { ...BROKEN, texts: ["Once upon"] } : { texts: ["Once upon"] };
      const world = await runRetry([{ ...BROKEN, texts: [textSoFar] }, second], { attempts: 2 });
      assert.equal(readText(world.out), `${textSoFar}Once upon`);
      assert.deepEqual(
        world.out.map(({ parts }) => parts!.index),
        [0, 1, 2],
      );
      assert.equal(world.ends[0]!.parts!.count, 3);
      if (fails) assert.equal((world.ends[0]!.error as FailureData).partial, `${textSoFar}Once upon`);
    }
  });

  it("drops repeated text from chunks too, and keeps their other content", async () => {
    const textSoFar = "Once upon a time there was";
    const chunk = rich({ content: "Once upon a time there was a king" });
    chunk.choices[0]!.logprobs = { content: [] };
    const world = new RetryWorld((_asked, nth) =>
      nth === 0 ? { ...BROKEN, texts: [textSoFar] } : { takesMs: 5000 },
    );
    world.ask();
    await world.clock.advance(2_000);
    const { askedBy } = world.requests[1]!.message;
    world.input({
      payload: "Once upon a time there was a king",
      chunk,
      parts: { id: "s", index: 0, type: "string", ch: "" },
      askedBy,
    });
    const message = world.out.at(-1)!;
    assert.equal(message.payload, " a king");
    assert.equal((message.chunk as Chunk).choices[0]!.delta.content, " a king");
    assert.ok((message.chunk as Chunk).choices[0]!.logprobs);
    assert.deepEqual(message.parts, { id: "stream-0", index: 1, type: "string", ch: "" });
  });

  it("has the count on its last message only, even if text was held until then", async () => {
    for (const [textSoFar, rest] of [
      ["Hello. World is great", "."],
      ["- one apple\n- two pears\n- three pears", "\n"],
      ["const a = { b };\nconst c = { d ", "}"],
    ] as const) {
      const { out } = await runRetry([{ ...BROKEN, texts: [textSoFar] }, { texts: [rest] }]);
      assertStreamContract(out);
      assert.equal(joinPayloads(out), textSoFar + rest);
      const { finished } = new CollectWorld().take(...structuredClone(out));
      assert.deepEqual(
        finished.map(({ payload, finishReason }) => [payload, finishReason]),
        [[textSoFar + rest, "stop"]],
      );
      const { sent } = new DeltaBufferWorld({ boundary: "none" }).take(...structuredClone(out));
      assert.equal(sent.at(-1)!.finishReason, "stop");
    }
  });

  it("drops repeated text behind reasoning or an empty first chunk", async () => {
    const texts = ["Once upon a time", " there was"];
    for (const chunks of [[REASONING], [rich({ role: "assistant" })], [{ choices: [] }, REASONING]]) {
      const { out } = await runRetry([
        { ...BROKEN, texts },
        { chunks, texts: ["Once upon", " a time there was", " a king"] },
      ]);
      assert.equal(readText(out), "Once upon a time there was a king");
      assertStreamContract(out);
      const echoed = await runRetry(
        [
          { ...BROKEN, texts: ["One.\n\n"] },
          { chunks, texts: ["\n", "\nTwo."] },
        ],
        { continueBy: "prefill" },
      );
      assert.equal(readText(echoed.out), "One.\n\nTwo.");
    }
  });

  it("stays whole if another retry node resets the continuation", async () => {
    const world = new RetryWorld((_asked, nth) =>
      nth === 0 ? { ...BROKEN, texts: ["Once upon", " a time"] } : { takesMs: 100_000 },
    );
    world.ask();
    await world.clock.advance(2_000);
    const { askedBy } = world.requests[1]!.message;
    const parts = (index: number, more = {}) => ({ id: "inner", index, type: "string", ch: "", ...more });
    const again = { restarts: 1 };
    world.input({ payload: " there", parts: parts(0), askedBy });
    world.input({ payload: "", reset: true, parts: parts(0, again), askedBy });
    world.input({ payload: "Once upon a time", parts: parts(0, again), askedBy });
    world.input({ payload: " there was", parts: parts(1, again), askedBy });
    const end = {
      payload: "",
      parts: parts(2, { ...again, count: 3 }),
      complete: true,
      finishReason: "stop",
      askedBy,
    };
    world.input(end);
    assert.equal(readText(world.out), "Once upon a time there was");
    const reset = world.out.findIndex((message) => message["reset"] === true);
    assertStreamContract(world.out.slice(reset + 1));
    assert.equal(new CollectWorld().take(...world.out).finished[0]!.payload, "Once upon a time there was");
  });
});
