import assert from "node:assert/strict";
import { createRetryNode } from "../../support/flows/retry.js";
import {
  answerCalls,
  createCallChunks,
  createRouterFlow,
  readRequestMessages,
} from "../../support/flows/router.js";
import { dropReset, groupByStream, joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { createFinishChunk, type Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { waitUntil } from "../../support/waiting.js";

const CALLS = [
  ...createCallChunks("get_weather", { city: "Paris" }, 0),
  ...createCallChunks("get_weather", { city: "Rome" }, 1),
];
const TURNS = [
  ["Let me ", "look. ", ...CALLS, createFinishChunk("tool_calls")],
  ["Paris: ", "sunny. ", createFinishChunk()],
];
const TEXT = "Let me look. Paris: sunny. ";

describe("Connection that breaks during a run with tools", () => {
  const service = useService();
  const runtime = useRuntime();

  for (const afterText of ["restart", "stop"] as const) {
    for (const [nth, records] of TURNS.entries()) {
      it(`T06: runs no tool twice or too early if the connection breaks at any record of turn ${nth + 1} (afterText ${afterText})`, async () => {
        for (let sent = 0; sent < records.length; sent++) {
          let hasBroken = false;
          const script: Script = async (reply, request) => {
            const turn = readRequestMessages(request).some(({ role }) => role === "tool") ? 1 : 0;
            if (turn === nth && !hasBroken) {
              hasBroken = true;
              await reply.open().sendApart(...records.slice(0, sent));
              reply.drop();
            } else reply.send(...TURNS[turn]!).finish(turn === 0 ? "tool_calls" : "stop");
          };
          service().script = script;
          runtime().clearMessages();
          await runtime().deploy(
            createRouterFlow(service().url, {
              between: "retry",
              more: [createRetryNode({ wires: [["router"], ["ask"], []], afterText })],
            }),
          );
          answerCalls(runtime(), "weather", () => "sunny");
          runtime().inject("router", { payload: "Paris and Rome?" });
          const [end] = await runtime().waitForEnds("out");
          const messages = runtime().getMessages("out");
          const kept = dropReset(messages);
          const where = `after ${sent} records`;
          assert.equal(groupByStream(messages).length, 1, where);
          assert.deepEqual(
            kept.map(({ parts }) => parts!.index),
            [...kept.keys()],
            where,
          );
          const calls = runtime()
            .getMessages("weather")
            .map(({ payload }) => (payload as { city: string }).city);
          if (end!.finishReason === "stop") {
            assert.equal(joinPayloads(kept), TEXT, where);
            assert.deepEqual(calls, ["Paris", "Rome"], where);
            await waitUntil(() => runtime().getMessages("finished").length === 1, "collect has the answer");
            assert.equal(runtime().getMessages("finished")[0]!.payload, TEXT, where);
          } else {
            assert.equal(afterText, "stop");
            assert.ok(TEXT.startsWith(joinPayloads(kept)), where);
            assert.deepEqual(calls, nth === 0 ? [] : ["Paris", "Rome"], where);
          }
        }
      });
    }
  }
});
