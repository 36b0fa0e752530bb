import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { askFlow, chatStream, collect, provider, sink, TAB, witnesses } from "../../support/runtime/flows.js";
import { useHelper } from "../../support/runtime/helper.js";
import { end, eventually } from "../../support/runtime/inbox.js";
import { useService } from "../../support/services/use-service.js";
import { Collecting, streamOf } from "../../support/worlds/collecting.js";

const SCHEMA = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"],
  additionalProperties: false,
};
const TEXT = JSON.stringify(SCHEMA);

const codeOf = (message: Message | undefined) => (message!.error as { code: string }).code;
const saidOf = (message: Message | undefined) => (message!.error as { message: string }).message;

describe("A chat-stream that asks for JSON", () => {
  const load = useHelper();
  const service = useService();

  async function ask(settings: Record<string, unknown>, message: Message = {}) {
    service().reset();
    const flow = await load(askFlow(service().url, settings));
    flow.inject("ask", { payload: "Hi", ...message });
    const last = await end(flow.inbox("out"));
    return { flow, last, format: service().requests[0]?.body["response_format"] };
  }

  it("says so in the request, as Chat Completions has it", async () => {
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
    const wanted = { type: "json_schema", json_schema: { name: "person", schema: SCHEMA, strict: false } };
    assert.deepEqual(format, wanted);
    assert.deepEqual((last.request as { parameters: unknown }).parameters, { response_format: wanted });
  });

  it("is strict and calls the schema “answer” where a flow says nothing else", async () => {
    const { format } = await ask({ responseFormat: "json_schema", schema: SCHEMA });
    assert.deepEqual(format, {
      type: "json_schema",
      json_schema: { name: "answer", schema: SCHEMA, strict: true },
    });
  });

  it("lets the further fields and msg.options win", async () => {
    const settings = { responseFormat: "json_schema", schema: TEXT };
    const object = { response_format: { type: "json_object" } };
    assert.deepEqual(
      (await ask({ ...settings, options: JSON.stringify(object) })).format,
      object.response_format,
    );
    assert.deepEqual((await ask(settings, { options: object })).format, object.response_format);
    assert.equal((await ask(settings, { options: { response_format: null } })).format, undefined);
  });

  it("tells what is wrong with its schema before anything is sent, and turns red", async () => {
    for (const [settings, what] of [
      [{ schema: "" }, /has no schema/],
      [{ schema: '{"type": "object"' }, /not valid JSON/],
      [{ schema: "[]" }, /not an object/],
      [{ schema: '{"type": "objekt"}' }, /\$\.type must be one of/],
      [{ schema: TEXT, schemaName: "a person" }, /letters, digits/],
    ] as const) {
      const { flow, last } = await ask({ responseFormat: "json_schema", ...settings });
      assert.equal(codeOf(last), "configuration");
      assert.match(saidOf(last), what);
      const [caught] = await flow.inbox("errors").atLeast(1);
      assert.equal(codeOf(caught), "configuration");
      await eventually(() => flow.status("ask")?.text === "configuration");
      assert.equal(flow.status("ask")!.fill, "red");
      assert.equal(service().requests.length, 0);
    }
  });
});

describe("A collect that parses JSON", () => {
  const load = useHelper();
  const service = useService();

  it("checks the object against the schema that the request asked for", async () => {
    const flow = await load([
      TAB,
      provider(service().url),
      chatStream({ wires: [["collect"]], responseFormat: "json_schema", schema: TEXT }),
      collect({ parse: "json" }),
      sink("finished"),
      sink("unfinished"),
      ...witnesses("collect"),
    ]);
    service().script = (reply) => reply.say('```json\n{"name": "Ada", ', '"age": 36}\n```');
    flow.inject("ask", { payload: "Hi" });
    const [fits] = await flow.inbox("finished").atLeast(1);
    assert.deepEqual(fits!.payload, { name: "Ada", age: 36 });

    service().script = (reply) => reply.say('{"name": "Ada", "age": ', '"thirty-six"}');
    flow.inject("ask", { payload: "Hi", topic: "t" });
    const [message] = await flow.inbox("unfinished").atLeast(1);
    assert.equal(message!.payload, '{"name": "Ada", "age": "thirty-six"}');
    assert.equal(message!.topic, "t");
    assert.equal(codeOf(message), "bad_response");
    assert.match(saidOf(message), /does not fit its JSON Schema: \$\.age must be integer\.$/);
    const [caught] = await flow.inbox("errors").atLeast(1);
    assert.equal(codeOf(caught), "bad_response");
    assert.equal(flow.inbox("finished").size, 1);
  });
});

describe("collect, parsing JSON", () => {
  /** What comes of an answer. @param request what asked for it */
  function collected(text: string, config: Record<string, unknown>, last: Message = {}) {
    const collecting = new Collecting({ parse: "json", ...config }).take(...streamOf([text], last));
    assert.equal(collecting.finished.length + collecting.unfinished.length, 1);
    assert.equal(collecting.errors.length, collecting.unfinished.length);
    return { finished: collecting.finished[0], unfinished: collecting.unfinished[0] };
  }
  const asking = (format: unknown): Message => ({
    request: { model: "m", messages: [], parameters: { response_format: format } },
  });

  it("puts its own schema before that of the request", () => {
    const own = { type: "object", required: ["b"] };
    const theirs = asking({ type: "json_schema", json_schema: { name: "x", schema: { required: ["a"] } } });
    for (const schema of [own, JSON.stringify(own)]) {
      assert.deepEqual(collected('{"b": 1}', { schema }, theirs).finished!.payload, { b: 1 });
      assert.match(
        saidOf(collected('{"a": 1}', { schema }, theirs).unfinished),
        /\$ must have required property 'b'/,
      );
    }
    assert.match(saidOf(collected('{"b": 1}', {}, theirs).unfinished), /'a'/);
  });

  it("checks nothing where nobody gave a schema, and nothing of a text", () => {
    for (const format of [
      undefined,
      null,
      "x",
      { type: "json_object" },
      { type: "json_schema" },
      { json_schema: [] },
    ]) {
      assert.deepEqual(collected("[1]", {}, asking(format)).finished!.payload, [1]);
    }
    assert.equal(collected("[1]", { parse: "text", schema: "{" }).finished!.payload, "[1]");
  });

  it("says of an answer that was cut off at its longest that this is why it is not whole", () => {
    const { unfinished } = collected('{"a": "b', {}, { finishReason: "length" });
    assert.match(saidOf(unfinished), /token limit/);
    assert.equal(unfinished!.finishReason, "length");
  });

  it("says of an answer that calls tools, or was refused, that this is why it is no JSON", () => {
    const called = collected("", {}, { finishReason: "tool_calls" }).unfinished;
    assert.match(saidOf(called), /tool call/);
    const refused = collected("I can", {}, { finishReason: "content_filter" }).unfinished;
    assert.match(saidOf(refused), /refused/);
  });

  it("refuses what nests so deeply that cloning it would fail", () => {
    assert.deepEqual(collected("[[[1]]]", {}).finished!.payload, [[[1]]]);
    const { unfinished } = collected(`${"[".repeat(100_000)}${"]".repeat(100_000)}`, {});
    assert.match(saidOf(unfinished), /nests deeper than 64/);
  });

  it("loses no answer where the schema itself is wrong, and is red from the start", async () => {
    const collecting = new Collecting({ parse: "json", schema: '{"type": "objekt"}' });
    await eventually(() =>
      collecting.statuses.some(({ fill, text }) => fill === "red" && text === "configuration"),
    );
    collecting.take(...streamOf(['{"a": 1}']));
    const [message] = collecting.unfinished;
    assert.equal(message!.payload, '{"a": 1}');
    assert.equal(codeOf(message), "configuration");
    assert.match(saidOf(message), /objekt|\$\.type/);
    const theirs = asking({ type: "json_schema", json_schema: { schema: { $ref: "#/nowhere" } } });
    assert.equal(codeOf(collected("{}", {}, theirs).unfinished), "configuration");
  });
});
