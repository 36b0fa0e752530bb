import assert from "node:assert/strict";
import type { JobReport } from "../../../src/index.js";
import type { ProviderNode } from "../../../src/node-red/chat-provider/lookup.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { createAskFlow } from "../../support/flows/nodes.js";
import { joinPayloads, waitForEnd, waitForEnds } from "../../support/runtime/inbox.js";
import { type TestFlow, useHelper } from "../../support/runtime/use-helper.js";
import { SaasService, TEAM, VIRTUAL_KEY } from "../../support/services/saas-service.js";
import { useService } from "../../support/services/use-service.js";

describe("Flow with the SaaS LLM API", () => {
  const load = useHelper();
  const service = useService();
  let saas: SaasService;
  beforeEach(() => {
    saas = new SaasService(service());
  });

  const listJobs = () => [...saas.jobs.values()];
  const readJob = (message: Message) => message["job"] as JobReport;
  const readCode = (message: Message) => (message.error as { code: string } | undefined)?.code;

  function loadFlow(
    more: { url?: string; settings?: object; key?: string; stream?: object } = {},
  ): Promise<TestFlow> {
    const { url = saas.url, settings = {}, key = VIRTUAL_KEY, stream = {} } = more;
    const service = { provider: "saas-llm", settings: { team: TEAM, ...settings } };
    return load(createAskFlow(url, { ...stream }, service), { provider: { apiKey: key } });
  }

  /** Sends each message after the answer to the previous one. @returns the last message of each answer */
  async function ask(to: TestFlow, ...messages: Message[]): Promise<Message[]> {
    const out = to.getInbox("out");
    const lasts: Message[] = [];
    for (const message of messages) {
      out.clear();
      to.inject("ask", message);
      lasts.push(await waitForEnd(out));
    }
    return lasts;
  }

  it("creates and completes a job for each stream, and reports its cost on the last message", async () => {
    const to = await loadFlow();
    const [last] = await ask(to, { payload: "Hi" });
    assert.equal(joinPayloads(to.getInbox("out").messages), "Hello world");
    assert.equal(last!.finishReason, "stop");
    assert.deepEqual(readJob(last!), {
      id: "job 1",
      status: "completed",
      creditsRemaining: 9,
      creditApplied: true,
    });
    assert.ok(
      to
        .getInbox("out")
        .messages.slice(0, -1)
        .every((message) => !("job" in message)),
    );
    const [create, call, complete] = service().requests;
    assert.deepEqual(create!.body, { team_id: TEAM, job_type: "chat" });
    assert.equal(call!.path, "/api/jobs/job%201/llm-call-stream");
    assert.deepEqual(call!.body, { model: "model-1", messages: [{ role: "user", content: "Hi" }] });
    assert.deepEqual(complete!.body, { status: "completed" });
  });

  it("accepts the base URL with and without /api", async () => {
    for (const url of [
      saas.url,
      `${saas.url}/`,
      saas.url.replace(/\/api$/, ""),
      saas.url.replace(/api$/, ""),
    ]) {
      const [last] = await ask(await loadFlow({ url }), { payload: "Hi" });
      assert.equal(last!.finishReason, "stop", url);
    }
  });

  it("sends the model under the set field name, and the job type of settings or message", async () => {
    for (const [modelField, names] of [
      ["model_group", { model_group: "model-1" }],
      ["both", { model: "model-1", model_group: "model-1" }],
    ] as const) {
      await ask(await loadFlow({ settings: { modelField, jobType: "summary" } }), { payload: "Hi" });
      const { model, model_group } = listJobs().at(-1)!.calls[0]!.body;
      assert.deepEqual(JSON.parse(JSON.stringify({ model, model_group })), names);
      assert.equal(listJobs().at(-1)!.type, "summary");
    }
    await ask(await loadFlow(), { payload: "Hi", jobType: "report" });
    assert.equal(listJobs().at(-1)!.type, "report");
  });

  it("sends only known parameters, with stop as an array and without stream", async () => {
    const options = { stop: "END", temperature: 0, stream: false, max_tokens: 5 };
    await ask(await loadFlow(), { payload: "Hi", options });
    const { messages: _, ...body } = listJobs()[0]!.calls[0]!.body;
    assert.deepEqual(body, { model: "model-1", stop: ["END"], temperature: 0, max_tokens: 5 });
  });

  it("fails with invalid_request before creating a job for parameters that the service would ignore", async () => {
    const to = await loadFlow();
    for (const options of [
      { reasoning_effort: "high" },
      { seed: 7 },
      { n: 2 },
      { logprobs: true },
      { top_k: 5 },
    ]) {
      const [last] = await ask(to, { payload: "Hi", options });
      assert.equal(readCode(last!), "invalid_request");
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
    const { messages: _, ...body } = listJobs()[0]!.calls[0]!.body;
    const known = { purpose: "p", call_metadata: { a: 1 }, max_tokens: 5 };
    assert.deepEqual(body, { model: "model-1", ...known });
  });

  it("sends user and metadata with the job, not with the chat request", async () => {
    const to = await loadFlow();
    const options = { user: "anna", metadata: { ticket: 7 } };
    await ask(to, { payload: "Hi", options }, { createJob: true, options });
    const [create, call, , command] = service().requests;
    for (const { body } of [create!, command!]) {
      assert.deepEqual(body, { team_id: TEAM, job_type: "chat", user_id: "anna", metadata: { ticket: 7 } });
    }
    assert.ok(!("user" in call!.body) && !("metadata" in call!.body));
    const [last] = await ask(to, { createJob: true, options: { metadata: "7" } });
    assert.equal(readCode(last!), "invalid_request");
  });

  it("runs several requests in one job that the author creates and completes", async () => {
    const to = await loadFlow();
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
      assert.deepEqual(readJob(message), {
        id: "job 1",
        status: "open",
        creditsRemaining: null,
        creditApplied: null,
      });
    }
    assert.equal(saas.completionCount, 0);
    const [completed] = await ask(to, { completeJob: true, jobId: "job 1" });
    assert.deepEqual([readJob(completed!).status, readJob(completed!).creditsRemaining], ["completed", 9]);
    assert.deepEqual(
      listJobs().map(({ type, calls, completions }) => [type, calls.length, completions.length]),
      [["analysis", 2, 1]],
    );
    assert.ok(!("createJob" in created!) && !("completeJob" in completed!));
  });

  it("completes a job as failed without a charge if the author says so", async () => {
    await ask(await loadFlow(), { createJob: 1 }, { completeJob: "failed", jobId: "job 1" });
    assert.deepEqual(listJobs()[0]!.completions, [{ status: "failed" }]);
    assert.equal(saas.credits, 10);
  });

  it("reports a faulty job command, and never repeats a completion", async () => {
    const to = await loadFlow();
    const [none, unknown] = await ask(to, { completeJob: true }, { completeJob: true, jobId: "job 7" });
    assert.equal(readCode(none!), "invalid_request");
    assert.equal(readCode(unknown!), "not_found");
    await ask(to, { createJob: true });
    saas.faults.set("complete", "500");
    const [failed] = await ask(to, { completeJob: true, jobId: "job 1" });
    assert.equal(readCode(failed!), "server_error");
    assert.equal((failed!.error as { retryable: boolean }).retryable, false);
    const [odd] = await ask(to, { payload: "Hi", jobId: { id: "job 1" } });
    assert.match((odd!.error as Error).message, /msg\.jobId/);
    assert.equal(saas.completionCount, 1);
  });

  it("runs job commands after running streams, without replacing them", async () => {
    const to = await loadFlow({ stream: { whenBusy: "replace" } });
    saas.onStep = (step) => {
      if (step === "stream 1") to.inject("ask", { createJob: true });
    };
    to.inject("ask", { payload: "Hi" });
    const lasts = await waitForEnds(to.getInbox("out"), 2);
    assert.ok(lasts.every(({ finishReason }) => finishReason === "stop"));

    const waiting = await loadFlow({ stream: { whenBusy: "wait" } });
    saas = new SaasService(service());
    waiting.inject("ask", { createJob: true });
    waiting.inject("ask", { payload: "Hi", jobId: "job 1" });
    waiting.inject("ask", { completeJob: true, jobId: "job 1" });
    const all = await waitForEnds(waiting.getInbox("out"), 3);
    assert.deepEqual(
      all.map((message) => readJob(message).status),
      ["open", "open", "completed"],
    );
  });

  it("does not replace a running job command by a request, so that its job is not lost", async () => {
    const to = await loadFlow({ stream: { whenBusy: "replace" } });
    let sent = false;
    saas.onStep = (step) => {
      if (step === "create" && !sent) to.inject("ask", { payload: "Hi" });
      sent = true;
    };
    to.inject("ask", { createJob: true });
    const lasts = await waitForEnds(to.getInbox("out"), 2);
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
    it(`classifies a 403 with “${detail}” as ${code}`, async () => {
      saas.answer = (reply) => reply.sendJson(403, { detail });
      const to = await loadFlow();
      const [last] = await ask(to, { payload: "Hi" });
      assert.equal(readCode(last!), code);
      assert.ok((last!.error as Error).message.includes(detail));
      await saas.waitUntilCompleted();
    });
  }

  it("classifies refusals of the service by status and by errors in the stream", async () => {
    const withOtherTeam = await loadFlow({ settings: { team: "team-2" } });
    assert.equal(readCode((await ask(withOtherTeam, { payload: "Hi" }))[0]!), "permission");
    const withWrongKey = await loadFlow({ key: "sk-other" });
    const [refused] = await ask(withWrongKey, { payload: "Hi" });
    assert.equal(readCode(refused!), "authentication");
    assert.ok(!JSON.stringify(refused).includes("sk-other"));
    assert.equal(saas.jobs.size, 0);
    const withoutTeam = await loadFlow({ settings: { team: " " } });
    assert.equal(readCode((await ask(withoutTeam, { payload: "Hi" }))[0]!), "configuration");
    saas.answer = (reply) => {
      reply.send("Half");
      reply.response.end('data: {"error": "Rate limit exceeded"}\n\n');
    };
    const to = await loadFlow();
    const [last] = await ask(to, { payload: "Hi" });
    assert.equal(readCode(last!), "rate_limit");
    assert.equal(joinPayloads(to.getInbox("out").messages), "Half");
    await saas.waitUntilCompleted();
  });

  /** Makes the server forward records of a vendor's service, as data lines without event names. */
  function forwardRecords(...records: object[]): void {
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
  // Anthropic's last record may be missing: the one before already ends the answer.
  for (const [name, ...ends] of [
    ["Anthropic", undefined, "completed"],
    ["Gemini", "interrupted", "failed"],
  ] as const) {
    const records = FORWARDED[name]!;
    it(`reads records that the service forwardRecords from ${name}, and notices a missing end`, async () => {
      forwardRecords(...records);
      const to = await loadFlow();
      const [last] = await ask(to, { payload: "Hi" });
      assert.equal(joinPayloads(to.getInbox("out").messages), "Hello world");
      assert.equal(last!.finishReason, "stop");
      const { prompt_tokens, completion_tokens } = last!.usage as Record<string, number>;
      assert.deepEqual([prompt_tokens, completion_tokens], [3, 2]);
      assert.equal(readJob(last!).status, "completed");
      forwardRecords(...records.slice(0, -1));
      const [cut] = await ask(to, { payload: "Hi" });
      assert.deepEqual(
        [readCode(cut!), readJob(cut!).status, listJobs()[1]!.completions.length],
        [...ends, 1],
      );
    });
  }

  it("tests the connection by requesting the team's credits, without a job", async () => {
    const to = await loadFlow();
    const { runtime } = to.getNode("provider") as unknown as ProviderNode;
    assert.deepEqual((await runtime.listModels()).names, []);
    assert.equal(await runtime.readBalance(), "10 credits");
    assert.equal(saas.jobs.size, 0);
    const withWrongKey = (await loadFlow({ key: "sk-other" })).getNode("provider") as unknown as ProviderNode;
    await assert.rejects(withWrongKey.runtime.listModels(), { code: "authentication" });
  });
});
