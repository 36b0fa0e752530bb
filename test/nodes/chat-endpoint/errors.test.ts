import assert from "node:assert/strict";
import OpenAI, { type APIError } from "openai";
import { createFlowNode } from "../../support/flows/nodes.js";
import { createServedFlow, deployServed, KEY } from "../../support/flows/serving.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";

const ASKED: OpenAI.ChatCompletionCreateParamsNonStreaming = {
  model: "house",
  messages: [{ role: "user", content: "Hi" }],
};

describe("Errors of a served flow", () => {
  const runtime = useRuntime();
  const service = useService();
  const createClient = () => new OpenAI({ apiKey: KEY, baseURL: `${runtime().url}/ai/v1`, maxRetries: 0 });
  const deploy = (more: Parameters<typeof createServedFlow>[1] = {}) =>
    deployServed(runtime(), createServedFlow(service().url, more));
  /** @returns the error of a request, streamed or not */
  const fail = async (isStreamed: boolean, body: Record<string, unknown> = {}): Promise<APIError> => {
    const asked = { ...ASKED, ...body, stream: isStreamed } as typeof ASKED;
    try {
      await createClient().chat.completions.create(asked);
    } catch (error) {
      return error as APIError;
    }
    throw new Error("There should be an error.");
  };
  const refuse =
    (status: number, error: object, headers: Record<string, string> = {}): Script =>
    (reply) =>
      reply.sendJson(status, { error }, headers);

  const ROWS: readonly (readonly [string, Script, number, string | null])[] = [
    ["wrong key of the service", refuse(401, { message: "Bad key sk-secret" }), 500, null],
    [
      "unknown model of the service",
      refuse(404, { message: "no model-1", code: "model_not_found" }),
      500,
      null,
    ],
    ["rate limit", refuse(429, { message: "slow down" }, { "retry-after": "7" }), 429, "rate_limit_exceeded"],
    ["empty account", refuse(429, { message: "x", code: "insufficient_quota" }), 429, "insufficient_quota"],
    [
      "too long a conversation",
      refuse(400, { message: "x", code: "context_length_exceeded" }),
      400,
      "context_length_exceeded",
    ],
    [
      "a request that the service refuses",
      refuse(400, { message: "temperature must be below 2" }),
      400,
      null,
    ],
    ["overload", refuse(503, { message: "busy" }), 503, "overloaded"],
    ["an error of the service", refuse(500, { message: "oops" }), 502, "server_error"],
    ["a connection that breaks before the answer", (reply) => reply.drop(), 502, "connection"],
    ["an answer that breaks before its first text", (reply) => reply.open().drop(), 502, "interrupted"],
    ["an answer that is none", (reply) => reply.sendText(200, "text/html", "<html>"), 502, "bad_response"],
  ];
  for (const [what, script, status, code] of ROWS) {
    it(`are an HTTP status before the first text: ${what} is ${status}`, async () => {
      await deploy();
      service().script = script;
      for (const isStreamed of [true, false]) {
        const error = await fail(isStreamed);
        assert.equal(error.status, status, error.message);
        assert.equal(error.code ?? null, code);
        assert.ok(error.requestID);
        assert.ok(!error.message.includes("sk-secret"), error.message);
        assert.ok(!error.message.includes("127.0.0.1"), error.message);
        if (what === "rate limit") assert.equal(error.headers?.get("retry-after"), "7");
        assert.equal(
          error.headers?.get("x-should-retry") ?? null,
          status === 500 || code === "insufficient_quota" ? "false" : null,
        );
      }
    });
  }

  it("are a record of the stream after the first text, and no end of an answer", async () => {
    await deploy();
    service().script = async (reply) => {
      await reply.sendApart("Once", " upon");
      reply.drop();
    };
    const stream = await createClient().chat.completions.create({ ...ASKED, stream: true });
    let text = "";
    let reason: string | null = null;
    await assert.rejects(
      async () => {
        for await (const { choices } of stream) {
          text += choices[0]?.delta.content ?? "";
          reason ??= choices[0]?.finish_reason ?? null;
        }
      },
      { message: /broke off/, code: "interrupted" },
    );
    assert.equal(text, "Once upon");
    assert.equal(reason, null);
    // As a whole, the broken answer has a status.
    service().script = async (reply) => {
      await reply.sendApart("Once", " upon");
      reply.drop();
    };
    assert.equal((await fail(false)).status, 502);
  });

  it("tell of a full queue and of a flow that was cancelled", async () => {
    await deploy({
      service: { maxConcurrent: 1, maxQueued: 0 },
      in: { wires: [["ask", "seen"]] },
      nodes: [createFlowNode("helper", "seen", [])],
    });
    service().script = async (_reply, { gone }) => gone;
    const first = fail(true);
    await service().waitForRequests(1);
    const second = await fail(true);
    assert.equal(second.status, 503);
    assert.equal(second.code, "overloaded");
    runtime().inject("ask", { cancel: true });
    assert.equal((await first).code, "cancelled");
  });

  it("refuse an unknown model by its name, and a request by the field that is wrong", async () => {
    await deploy();
    const unknown = await fail(false, { model: "gpt-9<script>" });
    assert.deepEqual([unknown.status, unknown.code, unknown.param], [404, "model_not_found", "model"]);
    const wrong = await fail(true, { messages: [{ role: "boss", content: "x" }] });
    assert.equal(wrong.status, 400);
    assert.match(wrong.message, /messages\[0\]\.role/);
    assert.equal(service().requests.length, 0);
  });

  it("come from a Catch node too, without its details", async () => {
    const broken = createFlowNode("function", "broken", ["out"], {
      func: "throw new Error('secret path /etc')",
    });
    await deploy({
      in: { wires: [["broken"]] },
      nodes: [broken, createFlowNode("catch", "caught", ["out"], { scope: ["broken"] })],
    });
    for (const isStreamed of [true, false]) {
      const error = await fail(isStreamed);
      assert.equal(error.status, 500);
      assert.ok(!error.message.includes("secret"));
    }
  });

  it("tell of a flow that sends nothing, and the log tells its author", async () => {
    await deploy({ in: { timeout: 1, wires: [["left"]] } });
    const errors = await Promise.all([fail(true), fail(false)]);
    assert.deepEqual([errors[0].status, errors[0].code], [504, "timeout"]);
    const [wires, ...late] = runtime()
      .logs.filter(({ level, id }) => level === 30 && id === "in")
      .map(({ msg }) => String(msg));
    assert.match(wires!, /^Nothing that leaves this node gets to a chat-out/);
    assert.equal(late.length, 2);
    assert.match(late[0]!, /^No message of the answer got to a chat-out within 1 s/);
  });

  it("of the service that come in time are not told as a flow without a chat-out", async () => {
    await deploy();
    service().script = refuse(503, { message: "busy" });
    await fail(true);
    assert.deepEqual(
      runtime().logs.filter(({ level, id }) => level === 30 && id === "in"),
      [],
    );
  });

  it("end the answers that are on their way at a deploy, of whichever node", async () => {
    service().script = async (reply, { gone }) => {
      reply.send("Once");
      await gone;
    };
    for (const changed of ["endpoint", "in", "ask", "out"]) {
      await deploy();
      const stream = await createClient().chat.completions.create({ ...ASKED, stream: true });
      const silent = fail(false);
      const chunks = stream[Symbol.asyncIterator]();
      for (let text = ""; text === ""; ) {
        const { value } = (await chunks.next()) as { value: OpenAI.ChatCompletionChunk };
        text = value.choices[0]?.delta.content ?? "";
      }
      const flows = createServedFlow(service().url).map((node) =>
        node.id === changed ? { ...node, name: "changed" } : node,
      );
      await service().waitForRequests(2);
      await deployServed(runtime(), flows, "nodes");
      await assert.rejects(
        async () => {
          while (!(await chunks.next()).done);
        },
        { code: "interrupted" },
        changed,
      );
      if (changed !== "out") assert.equal((await silent).status, 502, changed);
      else await deployServed(runtime(), []).then(() => silent);
      service().requests.length = 0;
    }
  });
});
