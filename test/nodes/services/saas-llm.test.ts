import assert from "node:assert/strict";
import type { JobReport } from "../../../src/index.js";
import type { ProviderNode } from "../../../src/node-red/chat-provider/lookup.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { askFlow } from "../../support/runtime/flows.js";
import { type TestFlow, useHelper } from "../../support/runtime/helper.js";
import { end, ends, textOf } from "../../support/runtime/inbox.js";
import { SaasService, TEAM, VIRTUAL_KEY } from "../../support/services/saas-service.js";
import { useService } from "../../support/services/use-service.js";

describe("A chat-stream that asks the SaaS LLM API", () => {
  const load = useHelper();
  const service = useService();
  let saas: SaasService;
  beforeEach(() => {
    saas = new SaasService(service());
  });

  const jobs = () => [...saas.jobs.values()];
  const jobOf = (message: Message) => message["job"] as JobReport;
  const codeOf = (message: Message) => (message.error as { code: string } | undefined)?.code;

  function flow(
    more: { url?: string; settings?: object; key?: string; stream?: object } = {},
  ): Promise<TestFlow> {
    const { url = saas.url, settings = {}, key = VIRTUAL_KEY, stream = {} } = more;
    const service = { provider: "saas-llm", settings: { team: TEAM, ...settings } };
    return load(askFlow(url, { ...stream }, service), { provider: { apiKey: key } });
  }

  /** Sends messages one after the other, each when the one before has its answer. @returns their last messages */
  async function ask(to: TestFlow, ...messages: Message[]): Promise<Message[]> {
    const out = to.inbox("out");
    const lasts: Message[] = [];
    for (const message of messages) {
      out.clear();
      to.inject("ask", message);
      lasts.push(await end(out));
    }
    return lasts;
  }

  it("has a job for each stream, with what it cost on the last message", async () => {
    const to = await flow();
    const [last] = await ask(to, { payload: "Hi" });
    assert.equal(textOf(to.inbox("out").messages), "Hello world");
    assert.equal(last!.finishReason, "stop");
    assert.deepEqual(jobOf(last!), {
      id: "job 1",
      status: "completed",
      creditsRemaining: 9,
      creditApplied: true,
    });
    assert.ok(
      to
        .inbox("out")
        .messages.slice(0, -1)
        .every((message) => !("job" in message)),
    );
    const [create, call, complete] = service().requests;
    assert.deepEqual(create!.body, { team_id: TEAM, job_type: "chat" });
    assert.equal(call!.path, "/api/jobs/job%201/llm-call-stream");
    assert.deepEqual(call!.body, { model: "model-1", messages: [{ role: "user", content: "Hi" }] });
    assert.deepEqual(complete!.body, { status: "completed" });
  });

  it("takes the base URL with and without /api", async () => {
    for (const url of [
      saas.url,
      `${saas.url}/`,
      saas.url.replace(/\/api$/, ""),
      saas.url.replace(/api$/, ""),
    ]) {
      const [last] = await ask(await flow({ url }), { payload: "Hi" });
      assert.equal(last!.finishReason, "stop", url);
    }
  });

  it("names the model as the server wants it, and the job as the author does", async () => {
    for (const [modelField, names] of [
      ["model_group", { model_group: "model-1" }],
      ["both", { model: "model-1", model_group: "model-1" }],
    ] as const) {
      await ask(await flow({ settings: { modelField, jobType: "summary" } }), { payload: "Hi" });
      const { model, model_group } = jobs().at(-1)!.calls[0]!.body;
      assert.deepEqual(JSON.parse(JSON.stringify({ model, model_group })), names);
      assert.equal(jobs().at(-1)!.type, "summary");
    }
    await ask(await flow(), { payload: "Hi", jobType: "report" });
    assert.equal(jobs().at(-1)!.type, "report");
  });

  it("sends what the service knows: a stop is an array, and streaming is the path's affair", async () => {
    const options = { stop: "END", temperature: 0, stream: false, max_tokens: 5 };
    await ask(await flow(), { payload: "Hi", options });
    const { messages: _, ...body } = jobs()[0]!.calls[0]!.body;
    assert.deepEqual(body, { model: "model-1", stop: ["END"], temperature: 0, max_tokens: 5 });
  });

  it("refuses what the service would pass over without a word, before there is a job", async () => {
    const to = await flow();
    for (const options of [
      { reasoning_effort: "high" },
      { seed: 7 },
      { n: 2 },
      { logprobs: true },
      { top_k: 5 },
      { parallel_tool_calls: false },
    ]) {
      const [last] = await ask(to, { payload: "Hi", options });
      assert.equal(codeOf(last!), "invalid_request");
      const [name] = Object.keys(options);
      assert.match(
        (last!.error as Error).message,
        new RegExp(`SaaS LLM API cannot take the parameter ${name}`),
      );
    }
    assert.equal(service().requests.length, 0);
    const options = {
      max_completion_tokens: 5,
      n: 1,
      logprobs: false,
      store: true,
      purpose: "p",
      call_metadata: { a: 1 },
    };
    await ask(to, { payload: "Hi", options });
    const { messages: _, ...body } = jobs()[0]!.calls[0]!.body;
    const known = { purpose: "p", call_metadata: { a: 1 }, max_tokens: 5 };
    assert.deepEqual(body, { model: "model-1", ...known });
  });

  it("notes with the job whom it is for, and what the author wants to be noted of it", async () => {
    const to = await flow();
    const options = { user: "anna", metadata: { ticket: 7 } };
    await ask(to, { payload: "Hi", options }, { createJob: true, options });
    const [create, call, , command] = service().requests;
    for (const { body } of [create!, command!]) {
      assert.deepEqual(body, { team_id: TEAM, job_type: "chat", user_id: "anna", metadata: { ticket: 7 } });
    }
    assert.ok(!("user" in call!.body) && !("metadata" in call!.body));
    const [last] = await ask(to, { createJob: true, options: { metadata: "7" } });
    assert.equal(codeOf(last!), "invalid_request");
  });

  it("asks a whole conversation in one job of the author's, who ends it", async () => {
    const to = await flow();
    const [created, ...answers] = await ask(
      to,
      { createJob: true, jobType: "analysis", topic: "docs" },
      { payload: "one", jobId: "job 1" },
      { payload: "two", jobId: "job 1" },
    );
    assert.equal(created!.topic, "docs");
    assert.equal(created!["jobId"], "job 1");
    assert.deepEqual([created!.payload, created!.finishReason, created!.parts!.count], ["", "stop", 1]);
    for (const message of [created!, ...answers]) {
      assert.deepEqual(jobOf(message), {
        id: "job 1",
        status: "open",
        creditsRemaining: null,
        creditApplied: null,
      });
    }
    assert.equal(saas.completionCount, 0);
    const [completed] = await ask(to, { completeJob: true, jobId: "job 1" });
    assert.deepEqual([jobOf(completed!).status, jobOf(completed!).creditsRemaining], ["completed", 9]);
    assert.deepEqual(
      jobs().map(({ type, calls, completions: completes }) => [type, calls.length, completes.length]),
      [["analysis", 2, 1]],
    );
    assert.ok(!("createJob" in created!) && !("completeJob" in completed!));
  });

  it("ends a job of the author's as failed where he says so", async () => {
    await ask(await flow(), { createJob: 1 }, { completeJob: "failed", jobId: "job 1" });
    assert.deepEqual(jobs()[0]!.completions, [{ status: "failed" }]);
    assert.equal(saas.credits, 10);
  });

  it("says what is wrong with a command, and does not repeat a completion", async () => {
    const to = await flow();
    const [none, unknown] = await ask(to, { completeJob: true }, { completeJob: true, jobId: "job 7" });
    assert.equal(codeOf(none!), "invalid_request");
    assert.equal(codeOf(unknown!), "not_found");
    await ask(to, { createJob: true });
    saas.faults.set("complete", "500");
    const [failed] = await ask(to, { completeJob: true, jobId: "job 1" });
    assert.equal(codeOf(failed!), "server_error");
    assert.equal((failed!.error as { retryable: boolean }).retryable, false);
    const [odd] = await ask(to, { payload: "Hi", jobId: { id: "job 1" } });
    assert.match((odd!.error as Error).message, /msg\.jobId/);
    assert.equal(saas.completionCount, 1);
  });

  it("lets commands neither replace nor overtake what runs", async () => {
    const to = await flow({ stream: { whenBusy: "replace" } });
    saas.onStep = (step) => {
      if (step === "stream 1") to.inject("ask", { createJob: true });
    };
    to.inject("ask", { payload: "Hi" });
    const lasts = await ends(to.inbox("out"), 2);
    assert.ok(lasts.every(({ finishReason }) => finishReason === "stop"));

    const waiting = await flow({ stream: { whenBusy: "wait" } });
    saas = new SaasService(service());
    waiting.inject("ask", { createJob: true });
    waiting.inject("ask", { payload: "Hi", jobId: "job 1" });
    waiting.inject("ask", { completeJob: true, jobId: "job 1" });
    const all = await ends(waiting.inbox("out"), 3);
    assert.deepEqual(
      all.map((message) => jobOf(message).status),
      ["open", "open", "completed"],
    );
  });

  it("lets no question replace a command: the job that it creates is not lost", async () => {
    const to = await flow({ stream: { whenBusy: "replace" } });
    let asked = false;
    saas.onStep = (step) => {
      if (step === "create" && !asked) to.inject("ask", { payload: "Hi" });
      asked = true;
    };
    to.inject("ask", { createJob: true });
    const lasts = await ends(to.inbox("out"), 2);
    assert.deepEqual(
      lasts.map(({ finishReason }) => finishReason),
      ["stop", "stop"],
    );
  });

  for (const [detail, code] of [
    ["Team 'team-1' does not have access to model group 'gpt'", "permission"],
    ["Team access is suspended. Please contact support.", "permission"],
    ["Team suspended or insufficient credits", "insufficient_credits"],
    ["No credits left for this team", "insufficient_credits"],
    ["The team's balance: out of credits", "insufficient_credits"],
    ["API key does not belong to team 'credit-union'", "permission"],
    ["Team 'no credits' does not have access to model group 'credit'", "permission"],
  ] as const) {
    it(`tells a 403 for credits from one for access: “${detail}” is ${code}`, async () => {
      saas.answer = (reply) => reply.sendJson(403, { detail });
      const to = await flow();
      const [last] = await ask(to, { payload: "Hi" });
      assert.equal(codeOf(last!), code);
      assert.ok((last!.error as Error).message.includes(detail));
      await saas.waitUntilCompleted();
    });
  }

  it("classifies what else the service refuses, by status and in the stream", async () => {
    const stranger = await flow({ settings: { team: "team-2" } });
    assert.equal(codeOf((await ask(stranger, { payload: "Hi" }))[0]!), "permission");
    const locked = await flow({ key: "sk-other" });
    const [refused] = await ask(locked, { payload: "Hi" });
    assert.equal(codeOf(refused!), "authentication");
    assert.ok(!JSON.stringify(refused).includes("sk-other"));
    assert.equal(saas.jobs.size, 0);
    const homeless = await flow({ settings: { team: " " } });
    assert.equal(codeOf((await ask(homeless, { payload: "Hi" }))[0]!), "configuration");
    saas.answer = (reply) => {
      reply.send("Half");
      reply.response.end('data: {"error": "Rate limit exceeded"}\n\n');
    };
    const to = await flow();
    const [last] = await ask(to, { payload: "Hi" });
    assert.equal(codeOf(last!), "rate_limit");
    assert.equal(textOf(to.inbox("out").messages), "Half");
    await saas.waitUntilCompleted();
  });

  /** The server forwards the data lines of whoever is behind it, without their event names. */
  function forwards(...records: object[]): void {
    saas.answer = (reply) => {
      reply.open();
      for (const record of records) reply.response.write(`data: ${JSON.stringify(record)}\n\n`);
      reply.response.end();
    };
  }

  const FORWARDED: Record<string, object[]> = {
    Anthropic: [
      {
        type: "message_start",
        message: { id: "msg_1", role: "assistant", content: [], usage: { input_tokens: 3 } },
      },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: " world" } },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } },
      { type: "message_stop" },
    ],
    Gemini: [
      { candidates: [{ content: { parts: [{ text: "Hello" }], role: "model" } }] },
      {
        candidates: [{ content: { parts: [{ text: " world" }] }, finishReason: "STOP" }],
        usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 },
      },
    ],
  };
  // Anthropic's last record only marks the end of what has ended before.
  for (const [name, ...ends] of [
    ["Anthropic", undefined, "completed"],
    ["Gemini", "interrupted", "failed"],
  ] as const) {
    const records = FORWARDED[name]!;
    it(`reads ${name}'s records, which come as they are`, async () => {
      forwards(...records);
      const to = await flow();
      const [last] = await ask(to, { payload: "Hi" });
      assert.equal(textOf(to.inbox("out").messages), "Hello world");
      assert.equal(last!.finishReason, "stop");
      const { prompt_tokens, completion_tokens } = last!.usage as Record<string, number>;
      assert.deepEqual([prompt_tokens, completion_tokens], [3, 2]);
      assert.equal(jobOf(last!).status, "completed");
      forwards(...records.slice(0, -1));
      const [cut] = await ask(to, { payload: "Hi" });
      assert.deepEqual([codeOf(cut!), jobOf(cut!).status, jobs()[1]!.completions.length], [...ends, 1]);
    });
  }

  it("tests the connection by asking for the team's credits", async () => {
    const to = await flow();
    const { runtime } = to.node("provider") as unknown as ProviderNode;
    assert.deepEqual((await runtime.listModels()).names, []);
    assert.equal(await runtime.readBalance(), "10 credits");
    assert.equal(saas.jobs.size, 0);
    const locked = (await flow({ key: "sk-other" })).node("provider") as unknown as ProviderNode;
    await assert.rejects(locked.runtime.listModels(), { code: "authentication" });
  });
});
