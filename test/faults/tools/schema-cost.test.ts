import assert from "node:assert/strict";
import { readTools } from "../../../src/core/tools/definitions.js";
import type { RoundCall } from "../../../src/core/tools/round.js";
import { planCalls } from "../../../src/node-red/tool-call-router/calls/plan-calls.js";
import type { RunRecord } from "../../../src/node-red/tool-call-router/record.js";
import { readSettings } from "../../../src/node-red/tool-call-router/settings.js";
import {
  createChatStreamNode,
  createCollectNode,
  createProviderNode,
  createSinkNode,
  TAB,
} from "../../support/flows/nodes.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { assertCheap, assertPrompt } from "../../support/speed.js";

/** A pattern that takes exponential time on `SLOW_TEXT`. */
const SLOW_PATTERN = "^(a+)+$";
const SLOW_TEXT = `${"a".repeat(40)}b`;
const SLOW_SCHEMA = { type: "object", properties: { text: { type: "string", pattern: SLOW_PATTERN } } };

function createCall(at: number): RoundCall {
  const call = { name: "find", arguments: JSON.stringify({ text: SLOW_TEXT }) };
  return {
    id: `call_${at}`,
    call: { id: `call_${at}`, type: "function", function: call },
    outcome: undefined,
    text: "",
    durationMs: 0,
  };
}

describe("Schema whose check takes too long", () => {
  it("K20: refuses the calls of a turn whose checks together take longer than a second", () => {
    const { settings } = readSettings({
      id: "router",
      type: "tool-call-router",
      tools: [{ name: "find", parameters: SLOW_SCHEMA }],
    });
    assert.equal(readTools([{ name: "find", parameters: SLOW_SCHEMA }]).size, 1);
    const calls = Array.from({ length: 128 }, (_, at) => createCall(at));
    const record = { request: { model: "m", messages: [] }, round: 1 } as unknown as RunRecord;
    const context = {
      settings,
      now: () => performance.now(),
      listTools: () => settings.tools,
      findMissingTool: () => undefined,
    };
    const plan = assertCheap(() => planCalls(calls, record, context));
    assert.deepEqual(plan.allowed, []);
    assert.equal(plan.refused.length, calls.length);
    const texts = plan.refused.map(({ text, outcome }) => `${outcome}: ${text}`);
    assert.match(texts[0]!, /^refused: .*takes longer than 500 ms to be checked\.$/);
    assert.match(texts.at(-1)!, /^refused: The arguments were not checked/);
  });
});

describe("Schema that comes with a message", () => {
  const runtime = useRuntime();
  const service = useService();

  /** A request with a schema, as a visitor's POST may hold it. */
  const createPayload = (schema: unknown) => ({
    prompt: "Hi",
    response_format: { type: "json_schema", json_schema: { name: "x", schema } },
  });

  const HOSTILE: Record<string, unknown> = {
    "a pattern": SLOW_SCHEMA,
    "thousands of alternatives": {
      anyOf: Array.from({ length: 5_000 }, (_, at) => ({ required: [`property ${at}`] })),
    },
    "a circle": { $defs: { a: { $ref: "#/$defs/a" } }, $ref: "#/$defs/a" },
    "no schema": { type: 7 },
  };
  for (const [label, schema] of Object.entries(HOSTILE)) {
    it(`K21: is sent to the service and not run here: ${label}`, async () => {
      service().script = (reply) => reply.say(JSON.stringify({ text: SLOW_TEXT }));
      await runtime().deploy([
        TAB,
        createProviderNode(service().url),
        createChatStreamNode({ wires: [["collect"]] }),
        createCollectNode({ parse: "json" }),
        createSinkNode("finished"),
        createSinkNode("unfinished"),
      ]);
      runtime().inject("ask", { payload: createPayload(schema) });
      const [message] = await assertPrompt(2_000, () =>
        runtime().waitUntil("finished", (messages) => messages.length > 0),
      );
      assert.deepEqual(message!.payload, { text: SLOW_TEXT });
      const sent = service().requests.at(-1)!.body["response_format"] as ReturnType<
        typeof createPayload
      >["response_format"];
      assert.deepEqual(sent.json_schema.schema, schema);
    });
  }
});
