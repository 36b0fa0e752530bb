import assert from "node:assert/strict";
import type { StreamMessage } from "../../../src/node-red/messages/stream-message.js";
import { RunRecord } from "../../../src/node-red/tool-call-router/record.js";
import { RouterRun } from "../../../src/node-red/tool-call-router/run.js";
import type { RunEffect, RunEvent } from "../../../src/node-red/tool-call-router/run-events.js";
import { readSettings } from "../../../src/node-red/tool-call-router/settings.js";
import { TIME } from "../../support/worlds/router-world.js";

/** Creates a message of a turn's stream. */
function createMessage(index: number, more: object = {}): StreamMessage {
  return { payload: "", parts: { id: "s", index, type: "string", ch: "" }, ...more };
}

/** Creates the machine of a run. */
function createRun(): RouterRun {
  const { settings } = readSettings({ id: "router", type: "tool-call-router", tools: [TIME] });
  const context = {
    node: "router",
    settings,
    now: () => 0,
    date: () => 0,
    listTools: () => settings.tools,
    findDeadEnd: () => undefined,
    findMissingTool: () => undefined,
  };
  return new RouterRun(new RunRecord({ payload: "Hi" }, []), context);
}

const CALL = { index: 0, id: "c", type: "function", function: { name: "get_time", arguments: "{}" } };
const CALLING = createMessage(1, {
  chunk: { choices: [{ index: 0, delta: { tool_calls: [CALL] }, finish_reason: "tool_calls" }] },
  complete: true,
  finishReason: "tool_calls",
  request: { model: "m", messages: [{ role: "user", content: "Hi" }] },
});

describe("Machine of a tool-call-router", () => {
  it("ignores the beginning of a stream while another one arrives or tools work", () => {
    const run = createRun();
    const effects: RunEffect[] = [];
    const begun = { type: "begun", message: createMessage(0) } as const;
    const play = (...events: RunEvent[]) => {
      for (const event of events) effects.push(...run.on(event));
    };
    play(begun, { type: "message", message: createMessage(0, { payload: "Let me look." }) }, begun);
    play({ type: "message", message: structuredClone(CALLING) }, begun);
    play({ type: "answered", id: "c", result: { text: "noon", failed: false } });
    assert.deepEqual(
      effects.map(({ type }) => type),
      ["send", "awaitTools", "call", "done", "forgetTools", "ask"],
    );
    assert.equal(run.record.finishedTurnsText, "Let me look.");
  });

  it("gives calls without an id ids that no call of another stream has", () => {
    const { id: _, ...call } = CALL;
    const chunk = { choices: [{ index: 0, delta: { tool_calls: [call] }, finish_reason: "tool_calls" }] };
    const ids = ["one", "two"].map((id) => {
      const run = createRun();
      const parts = { ...CALLING.parts, id };
      run.on({ type: "begun", message: createMessage(0, { parts }) });
      const message = { ...CALLING, chunk, parts } as StreamMessage;
      return run.on({ type: "message", message }).flatMap((one) => (one.type === "call" ? one.call.id : []));
    });
    assert.deepEqual(ids.flat(), ["call_one_0", "call_two_0"]);
  });
});
