import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createAskFlow,
  createChatStreamNode,
  createCollectNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { waitForEnd } from "../../support/runtime/inbox.js";
import { useHelper } from "../../support/runtime/use-helper.js";
import { useService } from "../../support/services/use-service.js";
import { waitUntil } from "../../support/waiting.js";
import { CollectWorld, createStreamMessages } from "../../support/worlds/collect-world.js";

const SCHEMA = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"],
  additionalProperties: false,
};
const TEXT = JSON.stringify(SCHEMA);

const errorCode = (message: Message | undefined) => (message!.error as { code: string }).code;
const errorMessage = (message: Message | undefined) => (message!.error as { message: string }).message;

describe("The answer format of a chat-stream", () => {
  const load = useHelper();
  const service = useService();

  async function ask(settings: Record<string, unknown>, message: Message = {}) {
    service().reset();
    const flow = await load(createAskFlow(service().url, settings));
    flow.inject("ask", { payload: "Hi", ...message });
    const last = await waitForEnd(flow.getInbox("out"));
    return { flow, last, format: service().requests[0]?.body["response_format"] };
  }

  it("sends the answer format as response_format of Chat Completions", async () => {
    assert.equal((await ask({})).format, undefined);
    assert.equal((await ask({ responseFormat: "", schema: TEXT })).format, undefined);
    assert.deepEqual((await ask({ responseFormat: "json_object", schema: "{" })).format, {
      type: "json_object",
    });
    const { format, last } = await ask({
      responseFormat: "json_schema",
      schema: TEXT,
      schemaName: "person",
      schemaStrict: false,
    });
    const expectedFormat = {
      type: "json_schema",
      json_schema: { name: "person", schema: SCHEMA, strict: false },
    };
    assert.deepEqual(format, expectedFormat);
    assert.deepEqual((last.request as { parameters: unknown }).parameters, {
      response_format: expectedFormat,
    });
  });

  it("sends a strict schema named “answer” by default", async () => {
    const { format } = await ask({ responseFormat: "json_schema", schema: SCHEMA });
    assert.deepEqual(format, {
      type: "json_schema",
      json_schema: { name: "answer", schema: SCHEMA, strict: true },
    });
  });

  it("prefers response_format in the node's options and in msg.options to the setting", async () => {
    const settings = { responseFormat: "json_schema", schema: TEXT };
    const object = { response_format: { type: "json_object" } };
    assert.deepEqual(
      (await ask({ ...settings, options: JSON.stringify(object) })).format,
      object.response_format,
    );
    assert.deepEqual((await ask(settings, { options: object })).format, object.response_format);
    assert.equal((await ask(settings, { options: { response_format: null } })).format, undefined);
  });

  it("fails with configuration before anything is sent if the schema is not valid, and turns the status red", async () => {
    for (const [settings, what] of [
      [{ schema: "" }, /has no schema/],
      [{ schema: '{"type": "object"' }, /not valid JSON/],
      [{ schema: "[]" }, /not an object/],
      [{ schema: '{"type": "objekt"}' }, /\$\.type must be one of/],
      [{ schema: TEXT, schemaName: "a person" }, /letters, digits/],
    ] as const) {
      const { flow, last } = await ask({ responseFormat: "json_schema", ...settings });
      assert.equal(errorCode(last), "configuration");
      assert.match(errorMessage(last), what);
      const [caught] = await flow.getInbox("errors").waitForCount(1);
      assert.equal(errorCode(caught), "configuration");
      await waitUntil(() => flow.getStatus("ask")?.text === "configuration");
      assert.equal(flow.getStatus("ask")!.fill, "red");
      assert.equal(service().requests.length, 0);
    }
  });
});

describe("collect set to parse JSON, behind a chat-stream", () => {
  const load = useHelper();
  const service = useService();

  it("checks the answer against the schema of the request", async () => {
    const flow = await load([
      TAB,
      createProviderNode(service().url),
      createChatStreamNode({ wires: [["collect"]], responseFormat: "json_schema", schema: TEXT }),
      createCollectNode({ parse: "json" }),
      createSinkNode("finished"),
      createSinkNode("unfinished"),
      ...createWitnessNodes("collect"),
    ]);
    service().script = (reply) => reply.say('```json\n{"name": "Ada", ', '"age": 36}\n```');
    flow.inject("ask", { payload: "Hi" });
    const [fits] = await flow.getInbox("finished").waitForCount(1);
    assert.deepEqual(fits!.payload, { name: "Ada", age: 36 });

    service().script = (reply) => reply.say('{"name": "Ada", "age": ', '"thirty-six"}');
    flow.inject("ask", { payload: "Hi", topic: "t" });
    const [message] = await flow.getInbox("unfinished").waitForCount(1);
    assert.equal(message!.payload, '{"name": "Ada", "age": "thirty-six"}');
    assert.equal(message!.topic, "t");
    assert.equal(errorCode(message), "bad_response");
    assert.match(errorMessage(message), /does not match its JSON Schema: \$\.age must be integer\.$/);
    const [caught] = await flow.getInbox("errors").waitForCount(1);
    assert.equal(errorCode(caught), "bad_response");
    assert.equal(flow.getInbox("finished").size, 1);
  });
});

describe("collect as requested", () => {
  const load = useHelper();
  const service = useService();

  /** Asks, with an answer in JSON. @returns the collected message, of either output */
  async function ask(
    stream: Record<string, unknown>,
    collect: Record<string, unknown>,
    message: Message = {},
  ) {
    service().script = (reply) => reply.say('{"city":', '"Paris"}');
    const flow = await load([
      ...createAskFlow(service().url, { wires: [["collect"]], ...stream }),
      createCollectNode(collect),
      createSinkNode("finished"),
      createSinkNode("unfinished"),
    ]);
    flow.inject("ask", { payload: "Where?", ...message });
    await waitUntil(() => flow.getInbox("finished").size + flow.getInbox("unfinished").size > 0);
    return {
      finished: flow.getInbox("finished").messages[0],
      unfinished: flow.getInbox("unfinished").messages[0],
    };
  }

  for (const collect of [{}, { parse: "asked" }]) {
    it(`gives an object if JSON was asked for, otherwise the text (${JSON.stringify(collect)})`, async () => {
      const text = await ask({}, collect);
      assert.equal(text.finished!.payload, '{"city":"Paris"}');
      for (const [stream, message] of [
        [{ responseFormat: "json_object" }, {}],
        [{ responseFormat: "json_schema", schema: '{"type":"object"}' }, {}],
        [{}, { options: { response_format: { type: "json_object" } } }],
      ] as const)
        assert.deepEqual((await ask(stream, collect, message)).finished!.payload, { city: "Paris" });
    });
  }

  it("checks the schema of the chat-stream", async () => {
    const schema = '{"type":"object","required":["country"]}';
    const { unfinished } = await ask({ responseFormat: "json_schema", schema }, { parse: "asked" });
    assert.match((unfinished!.error as { message: string }).message, /country/);
  });

  it("gives the text if the node is set to it, whatever was asked for", async () => {
    const { finished } = await ask({ responseFormat: "json_object" }, { parse: "text" });
    assert.equal(finished!.payload, '{"city":"Paris"}');
  });
});

describe("collect set to parse JSON", () => {
  /** Collects one answer. @param last properties of its last message */
  function collectAnswer(text: string, config: Record<string, unknown>, last: Message = {}) {
    const collecting = new CollectWorld({ parse: "json", ...config }).take(
      ...createStreamMessages([text], last),
    );
    assert.equal(collecting.finished.length + collecting.unfinished.length, 1);
    assert.equal(collecting.errors.length, collecting.unfinished.length);
    const { finished, unfinished, warnings } = collecting;
    return { finished: finished[0], unfinished: unfinished[0], warnings };
  }
  const withFormat = (format: unknown): Message => ({
    request: { model: "m", messages: [], parameters: { response_format: format } },
  });

  it("prefers the schema of collect to that of the request", () => {
    const own = { type: "object", required: ["b"] };
    const ofRequest = withFormat({
      type: "json_schema",
      json_schema: { name: "x", schema: { required: ["a"] } },
    });
    for (const schema of [own, JSON.stringify(own)]) {
      assert.deepEqual(collectAnswer('{"b": 1}', { schema }, ofRequest).finished!.payload, { b: 1 });
      assert.match(
        errorMessage(collectAnswer('{"a": 1}', { schema }, ofRequest).unfinished),
        /\$ must have required property 'b'/,
      );
    }
    const ticked = collectAnswer('{"b": 1}', { messageSchemas: true }, ofRequest);
    assert.match(errorMessage(ticked.unfinished), /'a'/);
    assert.deepEqual(ticked.warnings, []);
  });

  it("checks no answer against a schema that came with a message, unless that is ticked, and warns of it", () => {
    const schema = { required: ["a"], $ref: "#/nowhere" };
    const ofRequest = withFormat({ type: "json_schema", json_schema: { name: "x", schema } });
    for (const messageSchemas of [undefined, false, "", "true", 1]) {
      const { finished, warnings } = collectAnswer('{"b": 1}', { messageSchemas }, ofRequest);
      assert.deepEqual(finished!.payload, { b: 1 });
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]!, /not checked against the JSON Schema/);
    }
    assert.deepEqual(collectAnswer("{}", {}, withFormat({ type: "json_object" })).warnings, []);
  });

  it("checks nothing if there is no schema, and nothing if collect is set to text", () => {
    for (const format of [
      undefined,
      null,
      "x",
      { type: "json_object" },
      { type: "json_schema" },
      { json_schema: [] },
    ]) {
      assert.deepEqual(collectAnswer("[1]", {}, withFormat(format)).finished!.payload, [1]);
    }
    assert.equal(collectAnswer("[1]", { parse: "text", schema: "{" }).finished!.payload, "[1]");
  });

  it("names the token limit as the reason if the JSON was cut off", () => {
    const { unfinished } = collectAnswer('{"a": "b', {}, { finishReason: "length" });
    assert.match(errorMessage(unfinished), /token limit/);
    assert.equal(unfinished!.finishReason, "length");
  });

  it("names the tool call or the refusal as the reason if the answer is not JSON", () => {
    const called = collectAnswer("", {}, { finishReason: "tool_calls" }).unfinished;
    assert.match(errorMessage(called), /tool call/);
    const refused = collectAnswer("I can", {}, { finishReason: "content_filter" }).unfinished;
    assert.match(errorMessage(refused), /refused/);
  });

  it("refuses JSON that nests too deeply to be cloned", () => {
    assert.deepEqual(collectAnswer("[[[1]]]", {}).finished!.payload, [[[1]]]);
    const { unfinished } = collectAnswer(`${"[".repeat(100_000)}${"]".repeat(100_000)}`, {});
    assert.match(errorMessage(unfinished), /nests deeper than 64/);
  });

  it("sends the answer to output 2 if the schema of collect is not valid, and turns the status red from the start", async () => {
    const collecting = new CollectWorld({ parse: "json", schema: '{"type": "objekt"}' });
    await waitUntil(() =>
      collecting.statuses.some(({ fill, text }) => fill === "red" && text === "configuration"),
    );
    collecting.take(...createStreamMessages(['{"a": 1}']));
    const [message] = collecting.unfinished;
    assert.equal(message!.payload, '{"a": 1}');
    assert.equal(errorCode(message), "configuration");
    assert.match(errorMessage(message), /objekt|\$\.type/);
    const ofRequest = withFormat({ type: "json_schema", json_schema: { schema: { $ref: "#/nowhere" } } });
    const ticked = collectAnswer("{}", { messageSchemas: true }, ofRequest);
    assert.equal(errorCode(ticked.unfinished), "configuration");
  });
});
