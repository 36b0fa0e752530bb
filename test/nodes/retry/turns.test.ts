import assert from "node:assert/strict";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import type { FailureData } from "../../../src/core/failure.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { createRetryNode } from "../../support/flows/retry.js";
import {
  answerCalls,
  createCallChunks,
  createRouterFlow,
  readRequestMessages,
} from "../../support/flows/router.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { waitUntil } from "../../support/waiting.js";
import { BROKEN, type Outcome, RetryWorld, readText, runRetry } from "../../support/worlds/retry-world.js";

const QUESTION: ChatMessage = { role: "user", content: "Hi" };
const CALL: ChatMessage = { role: "assistant", content: "Let me look. " };
const RESULT: ChatMessage = { role: "tool", content: "sunny" };
const TURN = [QUESTION, CALL, RESULT];
const WHOLE = "Let me look. It is sunny.";

/** A run of turns that breaks in the last one. @param texts the text of each turn */
function breaksIn(messages: readonly ChatMessage[], ...texts: string[]): Outcome {
  const rounds = texts.map(({ length }) => ({ characters: length }));
  const last = { rounds, request: { model: "model-1", messages } };
  return { ...BROKEN, texts: texts.filter((text) => text !== ""), last };
}

const requestedMessages = ({ requests }: RetryWorld, nth: number) => requests[nth]!.message["messages"];
const resets = ({ out }: RetryWorld) => out.filter((message) => message["reset"] === true).length;

describe("A run that breaks in its second turn", () => {
  const broken = breaksIn(TURN, "Let me look. ", "It is ");

  it("continues from the text of that turn alone, behind the results of tools", async () => {
    for (const before of [[], [BROKEN]]) {
      const outcomes = [...before, broken, { texts: ["is sunny."] }];
      const world = await runRetry(outcomes, { continueBy: "prefill", attempts: 3 });
      const prefill = { role: "assistant", content: "It is" };
      assert.deepEqual(requestedMessages(world, before.length + 1), [...TURN, prefill]);
    }
  });

  it("sends the same request again if the second turn has no text", async () => {
    for (const afterText of ["continue", "restart", "stop"] as const) {
      const world = await runRetry([breaksIn(TURN, "Let me look. ", ""), { texts: ["It is sunny."] }], {
        afterText,
      });
      assert.deepEqual(requestedMessages(world, 1), TURN);
      assert.equal(resets(world), 0);
      assert.equal(readText(world.out), WHOLE);
    }
  });

  it("starts the second turn over without losing the text of the first one", async () => {
    const world = await runRetry([broken, { texts: ["It is ", "sunny."] }], { afterText: "restart" });
    assert.deepEqual(requestedMessages(world, 1), TURN);
    assert.equal(readText(world.out), WHOLE);
    const afterReset = world.out.slice(world.out.findIndex((message) => message["reset"] === true) + 1);
    assert.deepEqual(
      afterReset.map(({ parts }) => parts!.index),
      [...afterReset.keys()],
    );
    const [end] = world.ends;
    assert.equal(end!.parts!.count, afterReset.length);
    assert.equal((end!.stats as { characters: number }).characters, WHOLE.length);
    assert.deepEqual((end!.request as { messages: unknown }).messages, TURN);
  });

  it("fails with all text that the reader has", async () => {
    const world = await runRetry([broken, BROKEN], { attempts: 2 });
    assert.equal((world.ends[0]!.error as FailureData).partial, "Let me look. It is ");
    assert.equal(readText(world.out), "Let me look. It is ");
  });

  it("continues the second turn if the first turn was continued too", async () => {
    const grown = [QUESTION, { role: "assistant", content: "Let me" }, CALL, RESULT];
    const outcomes = [{ ...BROKEN, texts: ["Let me "] }, breaksIn(grown, "look. ", "It is ")];
    const options = { continueBy: "prefill", attempts: 3 } as const;
    const world = await runRetry([...outcomes, { texts: ["sunny."] }], options);
    assert.deepEqual(requestedMessages(world, 2), [...grown, { role: "assistant", content: "It is" }]);
    assert.equal(readText(world.out), WHOLE);
    const givenUp = await runRetry([...outcomes, BROKEN], options);
    assert.equal((givenUp.ends[0]!.error as FailureData).partial, "Let me look. It is ");
  });

  it("continues the second turn if its end never arrived at the router", async () => {
    const rounds = [{ characters: "Let me look. ".length }];
    const endless = { ...broken, last: { ...broken.last, rounds } };
    const world = await runRetry([endless, { texts: [" sunny."] }], { continueBy: "prefill" });
    assert.deepEqual(requestedMessages(world, 1), [...TURN, { role: "assistant", content: "It is" }]);
  });

  it("resets the second turn's text if the restarted request calls a tool first, without text", async () => {
    const outcomes = [broken, breaksIn([...TURN, CALL, RESULT], "", ""), { texts: ["It is sunny."] }];
    const world = await runRetry(outcomes, { afterText: "restart", attempts: 3 });
    assert.equal((requestedMessages(world, 2) as unknown[]).length, 5);
    assert.equal(resets(world), 1);
    assert.equal(readText(world.out), WHOLE);
  });

  it("keeps the first turn's text if the restarted stream itself is reset", async () => {
    for (const [afterText, rest] of [
      ["continue", "sunny."],
      ["restart", "It is sunny."],
    ] as const) {
      const world = new RetryWorld(() => broken, { afterText, continueBy: "prefill" });
      let tagged: Message = {};
      world.changeRequest = (message) => {
        tagged = { askedBy: message["askedBy"] };
        return undefined;
      };
      world.ask();
      await world.clock.advance(3_000);
      const at = (index: number, restarts?: number) => ({
        id: "new",
        index,
        type: "string",
        ch: "",
        restarts,
      });
      world.input({ ...tagged, payload: "It was", parts: at(0) });
      world.input({ ...tagged, payload: "", reset: true, parts: at(0, 1) });
      world.input({ ...tagged, payload: rest, parts: at(0, 1) });
      const end = { payload: "", complete: true, finishReason: "stop", parts: { ...at(1, 1), count: 2 } };
      world.input({ ...tagged, ...end });
      assert.equal(readText(world.out), WHOLE);
      assert.equal(world.ends[0]!.parts!.count, 3);
    }
  });
});

describe("A retry node behind a tool-call-router", () => {
  const service = useService();
  const runtime = useRuntime();

  for (const afterText of ["continue", "restart"]) {
    for (const again of ["ask", "router"]) {
      for (const firstFails of [false, true]) {
        const first = firstFails ? ", after a failed first request" : "";
        it(`repairs the second turn without running a tool twice (${afterText}, wired to the ${again} node${first})`, async () => {
          let refused = !firstFails;
          let broken = false;
          service().script = async (reply, request) => {
            const messages = readRequestMessages(request);
            if (!messages.some(({ role }) => role === "tool")) {
              if (refused) {
                await reply.sendApart("Let me look. ", ...createCallChunks("get_weather", { city: "Paris" }));
                reply.finish("tool_calls");
              } else reply.sendJson(500, {});
              refused = true;
            } else if (broken) reply.say(...(messages.at(-1)!.role === "tool" ? ["It is "] : []), "sunny.");
            else {
              broken = true;
              await reply.sendApart("It is ");
              reply.drop();
            }
          };
          answerCalls(runtime(), "weather", () => "sunny");
          const retry = createRetryNode({ attempts: 5, afterText, wires: [["out", "collect"], [again], []] });
          const stream = { conversation: "msg" };
          await runtime().deploy(createRouterFlow(service().url, { stream, after: "retry", more: [retry] }));
          runtime().inject("router", { payload: "Weather?" });
          await waitUntil(() => runtime().getMessages("finished").length === 1, "it is finished");
          const [collected] = runtime().getMessages("finished");
          assert.equal(collected!.payload, WHOLE);
          assert.equal(runtime().getMessages("weather").length, 1);
          assert.equal(service().requests.length, firstFails ? 4 : 3);
          const [end] = await runtime().waitForEnds("out");
          const entries = (end!["conversation"] as ChatMessage[]).map(({ role, content }) => [role, content]);
          assert.deepEqual(entries, [
            ["user", "Weather?"],
            ["assistant", "Let me look. "],
            ["tool", "sunny"],
            ["assistant", "It is sunny."],
          ]);
          if (afterText === "continue") assert.equal(joinPayloads(runtime().getMessages("out")), WHOLE);
        });
      }
    }
  }
});
