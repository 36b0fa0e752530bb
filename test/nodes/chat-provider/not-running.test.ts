import assert from "node:assert/strict";
import type { FailureData } from "../../../src/index.js";
import {
  createAskFlow,
  createChatStreamNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";

const variable = (name: string) => `\${${name}}`;

describe("Provider that does not run", () => {
  const runtime = useRuntime();
  const service = useService();

  async function askForError(flow: FlowNode[], key?: string): Promise<FailureData | undefined> {
    await runtime().deploy(flow, "full", key ? { provider: { apiKey: key } } : {});
    runtime().clearMessages();
    runtime().inject("ask", { payload: "q" });
    const [last] = await runtime().waitForEnds("out");
    return last!["error"] as FailureData | undefined;
  }

  async function test(id: string): Promise<{ ok: boolean; code?: string; message: string }> {
    const response = await fetch(`${runtime().url}/chat-provider/${id}/test`, { method: "POST" });
    return (await response.json()) as { ok: boolean; code?: string; message: string };
  }

  it("is named as disabled, as on a disabled flow or as gone", async () => {
    const rows: readonly (readonly [Record<string, unknown>, RegExp])[] = [
      [{ d: true, name: "Mine" }, /provider “Mine” is disabled/],
      [{ z: "off" }, /on the disabled flow “spare”/],
      [{ id: "another" }, /gone or not deployed/],
    ];
    for (const [more, pattern] of rows) {
      const flow = createAskFlow(service().url, {}, more);
      flow.push({ id: "off", type: "tab", label: "spare", disabled: true });
      const error = await askForError(flow);
      assert.equal(error?.code, "configuration");
      assert.match(error.message, pattern);
      if (!more["id"]) {
        const { ok, message } = await test("provider");
        assert.equal(ok, false);
        assert.match(message, pattern);
      }
    }
  });

  it("is tested with the first instance if it is inside of a subflow", async () => {
    service().script = (reply) => reply.sendJson(200, { data: [{ id: "model-1" }] });
    const subflow: FlowNode[] = [
      { id: "sub", type: "subflow", name: "Ask", in: [], out: [] },
      createProviderNode(service().url, { z: "sub" }),
    ];
    await runtime().deploy([TAB, ...subflow]);
    assert.match((await test("provider")).message, /inside of a subflow that no flow uses/);
    const instance = { id: "instance", type: "subflow:sub", z: "tab", x: 0, y: 0, wires: [] };
    await runtime().deploy([TAB, ...subflow, instance]);
    assert.equal((await test("provider")).ok, true);
    await runtime().deploy([]);
    assert.match((await test("provider")).message, /not deployed/);
  });

  it("takes a variable that is a number as a text, and names one that is no text", async () => {
    const createFlow = (type: string, value: string, more: Record<string, unknown> = {}): FlowNode[] => [
      { ...TAB, env: [{ name: "V", value, type }] },
      createProviderNode(service().url, { z: "tab", ...more }),
      createChatStreamNode(),
      createSinkNode("out"),
      ...createWitnessNodes(),
    ];
    assert.equal(await askForError(createFlow("num", "12345"), variable("V")), undefined);
    assert.equal(service().requests.at(-1)!.headers.authorization, "Bearer 12345");
    for (const [type, value] of [
      ["bool", "true"],
      ["json", '{"a":1}'],
    ] as const) {
      const error = await askForError(createFlow(type, value), variable("V"));
      assert.equal(error?.code, "configuration");
      assert.match(error.message, /The API key names the variable V, which is not text/);
    }
    const noAddress = await askForError(createFlow("num", "5", { baseUrl: variable("V") }));
    assert.match(noAddress!.message, /not an http or https address/);
    const headers = await askForError(
      createFlow("num", "7", { headers: JSON.stringify({ "x-a": variable("V") }) }),
    );
    assert.equal(headers, undefined);
  });
});
