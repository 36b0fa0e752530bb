import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { connect } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startDemoServer } from "../../../src/demo/server/demo-server.js";
import { MODEL_IDS } from "../../../src/demo/server/models.js";
import { assertPrompt } from "../../support/speed.js";
import { type Chunk, Demo, user } from "../client.js";

const HELLO = { model: "demo", messages: [user("Hello")] };

describe("The demo server", () => {
  let demo: Demo;
  before(async () => {
    demo = await Demo.start();
  });
  after(() => demo.close());

  async function post(body: unknown): Promise<{ status: number; error: NonNullable<Chunk["error"]> }> {
    const reply = await demo.send(
      "/chat/completions",
      "POST",
      typeof body === "string" ? body : JSON.stringify(body),
    );
    return { status: reply.status, error: (JSON.parse(reply.text) as Required<Chunk>).error };
  }

  it("listens on loopback and makes a new key at each start", async () => {
    assert.match(demo.server.baseUrl, /^http:\/\/127\.0\.0\.1:\d+\/v1$/);
    const other = await startDemoServer();
    assert.notEqual(other.apiKey, demo.server.apiKey);
    await other.close();
  });

  it("lists its models, faults included", async () => {
    const reply = await demo.send("/models", "GET");
    const list = JSON.parse(reply.text) as { object: string; data: { id: string; object: string }[] };
    assert.equal(reply.status, 200);
    assert.equal(list.object, "list");
    assert.deepEqual(
      list.data.map((model) => model.id),
      MODEL_IDS,
    );
    assert.ok(list.data.every((model) => model.object === "model"));
  });

  it("gives every response its own request id", async () => {
    const ids = [await demo.send("/models", "GET"), await demo.send("/nothing", "GET")].map(
      (reply) => reply.headers["x-request-id"],
    );
    assert.match(String(ids[0]), /^req_[0-9a-f]+$/);
    assert.notEqual(ids[0], ids[1]);
  });

  it("refuses a missing or wrong key on every route, without quoting it", async () => {
    for (const [path, method] of [
      ["/models", "GET"],
      ["/chat/completions", "POST"],
      ["/nothing", "GET"],
    ] as const) {
      for (const authorization of ["", "Bearer wrong-secret", `Basic ${demo.server.apiKey}`]) {
        const reply = await demo.send(path, method, method === "POST" ? "{}" : undefined, { authorization });
        assert.equal(reply.status, 401);
        assert.equal((JSON.parse(reply.text) as Required<Chunk>).error.code, "invalid_api_key");
        assert.doesNotMatch(reply.text, /wrong-secret/);
      }
    }
  });

  it("answers an unknown path or method with a 404 that describes the base URL", async () => {
    for (const [path, method] of [
      ["/nothing", "GET"],
      ["/chat/completions", "GET"],
      ["/models", "POST"],
    ] as const) {
      const reply = await demo.send(path, method);
      assert.equal(reply.status, 404);
      assert.match((JSON.parse(reply.text) as Required<Chunk>).error.message, /base URL ends in \/v1/);
    }
  });

  it("answers an unknown model with model_not_found", async () => {
    const { status, error } = await post({ ...HELLO, model: "gpt-5" });
    assert.equal(status, 404);
    assert.equal(error.code, "model_not_found");
    assert.equal(error.type, "invalid_request_error");
  });

  it("refuses a body that is not JSON, not an object, or without messages", async () => {
    assert.equal((await post("{not json")).status, 400);
    assert.equal((await post("[]")).status, 400);
    assert.equal((await post("null")).status, 400);
    const missing = await post({ model: "demo" });
    assert.equal(missing.status, 400);
    assert.equal(missing.error.param, "messages");
    assert.equal((await post({ model: "demo", messages: [] })).error.code, "empty_array");
    assert.equal((await post({ messages: [user("Hi")] })).error.param, "model");
  });

  const wrongBodies: [string, object, string][] = [
    ["a role that does not exist", { messages: [{ role: "robot", content: "x" }] }, "messages[0].role"],
    ["a message without content", { messages: [{ role: "user" }] }, "messages[0].content"],
    ["a message that is not an object", { messages: ["hi"] }, "messages[0]"],
    ["a temperature beyond 2", { temperature: 3 }, "temperature"],
    ["a max_tokens of 0", { max_tokens: 0 }, "max_tokens"],
    ["an n beyond the limit", { n: 1_000 }, "n"],
    ["a stop that is not a string", { stop: [1] }, "stop"],
    ["a stream that is not a boolean", { stream: "yes" }, "stream"],
    ["stream_options without stream", { stream_options: { include_usage: true } }, "stream_options"],
    [
      "a tool with a bad name",
      { tools: [{ type: "function", function: { name: "no spaces" } }] },
      "tools[0].function.name",
    ],
    ["tool_choice without tools", { tool_choice: "auto" }, "tool_choice"],
    ["an unknown response_format", { response_format: { type: "xml" } }, "response_format"],
    [
      "a json_schema without a name",
      { response_format: { type: "json_schema", json_schema: {} } },
      "response_format.json_schema.name",
    ],
    [
      "a tool result without a call",
      { messages: [user("x"), { role: "tool", tool_call_id: "a", content: "x" }] },
      "messages[1].role",
    ],
  ];
  for (const [what, fields, param] of wrongBodies) {
    it(`refuses ${what} and names the field`, async () => {
      const { status, error } = await post({ ...HELLO, ...fields });
      assert.equal(status, 400);
      assert.equal(error.param, param);
      assert.equal(error.type, "invalid_request_error");
    });
  }

  it("refuses a history with a tool call without a result, as OpenAI does", async () => {
    const call = { id: "call_1", type: "function", function: { name: "get_weather", arguments: "{}" } };
    const { status, error } = await post({
      ...HELLO,
      messages: [user("x"), { role: "assistant", tool_calls: [call] }, user("y")],
    });
    assert.equal(status, 400);
    assert.match(error.message, /call_1/);
  });

  it("reads null as a field that is not set", async () => {
    const answer = await demo.whole({
      ...HELLO,
      stop: null,
      max_tokens: null,
      tools: null,
      stream: null,
      n: null,
      response_format: null,
    });
    assert.equal(answer.choices[0]!.finish_reason, "stop");
  });

  it("refuses a body beyond 16 MiB, with or without Content-Length, and serves the next request", async () => {
    const body = Buffer.alloc(16 * 1024 * 1024 + 1, 32);
    const reply = await demo.send("/chat/completions", "POST", body);
    assert.equal(reply.status, 413);
    assert.equal((JSON.parse(reply.text) as Required<Chunk>).error.type, "invalid_request_error");
    const chunked = await demo
      .send("/chat/completions", "POST", body, { "transfer-encoding": "chunked" })
      .catch(() => undefined);
    if (chunked) assert.equal(chunked.status, 413);
    assert.equal((await demo.send("/models", "GET")).status, 200);
  });

  it("serves the next request after a client leaves in the middle of its own", async () => {
    const { port } = new URL(demo.server.baseUrl);
    const socket = connect(Number(port), "127.0.0.1");
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${demo.server.apiKey}\r\ncontent-length: 100\r\n\r\n{`,
      () => socket.destroy(),
    );
    await new Promise((resolve) => socket.once("close", resolve));
    assert.equal((await demo.send("/models", "GET")).status, 200);
  });

  it("closes at once while a stream is open, frees the port, and may be closed twice", async () => {
    const other = await Demo.start({ pace: 1 });
    const response = await other.chat({ ...HELLO, stream: true });
    const { port } = new URL(other.server.baseUrl);
    await assertPrompt(1_000, () => Promise.all([other.server.close(), other.server.close()]));
    await assert.rejects(response.body.text());
    const again = await startDemoServer({ port: Number(port) });
    await again.close();
    await other.close();
  });

  it("does not keep a process alive", (done) => {
    const module = pathToFileURL(join(__dirname, "../../../src/demo/server/demo-server.ts")).href;
    const script = `import(${JSON.stringify(module)}).then((m) => (m.startDemoServer ?? m.default.startDemoServer)()).then((s) => console.log(s.baseUrl))`;
    execFile(process.execPath, ["--import=tsx", "-e", script], { timeout: 45_000 }, (error, stdout) => {
      assert.match(stdout, /^http:\/\/127\.0\.0\.1:\d+\/v1\n$/);
      done(error);
    });
  });

  it("does not start if the port is taken or the pace is not a valid number", async () => {
    const { port } = new URL(demo.server.baseUrl);
    await assert.rejects(startDemoServer({ port: Number(port) }), { code: "EADDRINUSE" });
    await assert.rejects(startDemoServer({ pace: -1 }), RangeError);
    await assert.rejects(startDemoServer({ pace: Number.NaN }), RangeError);
  });
});
