import assert from "node:assert/strict";
import type { LiveSnapshot, StreamRow } from "../../../src/node-red/live-view/rows.js";
import { createAskFlow, createFlowNode } from "../../support/flows/nodes.js";
import { createRetryFlow } from "../../support/flows/retry.js";
import { answerByWeatherTool, answerCalls, createRouterFlow } from "../../support/flows/router.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { SaasService, TEAM, VIRTUAL_KEY } from "../../support/services/saas-service.js";
import type { Reply } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";

const KEY = "sk-canary-0123456789";
const QUESTION = "canary question";
const ANSWER = "canary answer";
const CONVERSATION = "canary visitor";

/** Permissions by token. */
const PERMISSIONS: Readonly<Record<string, string[]>> = {
  reader: ["read"],
  watcher: ["chat-stream.read"],
  stopper: ["chat-stream.read", "chat-stream.write"],
  author: ["*"],
  stranger: ["flows.write"],
};

describe("The routes of the live view", () => {
  const service = useService();
  const runtime = useRuntime({
    settings: {
      adminAuth: {
        type: "credentials",
        users: [],
        tokens: async (token: string) =>
          token in PERMISSIONS ? { username: token, permissions: PERMISSIONS[token] } : null,
      },
    },
  });

  async function request(method: "GET" | "POST", path: string, token?: string) {
    const response = await fetch(`${runtime().url}/chat-streams${path}`, {
      method,
      headers: { connection: "close", ...(token ? { authorization: `Bearer ${token}` } : {}) },
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  let cursor = "";

  /** Asks for what has changed since the last call. */
  async function look(): Promise<LiveSnapshot> {
    const { status, text } = await request("GET", `?cursor=${cursor}`, "watcher");
    assert.equal(status, 200);
    const snapshot = JSON.parse(text) as LiveSnapshot;
    cursor = snapshot.cursor;
    return snapshot;
  }

  /** Looks until a row is as wanted. */
  async function lookFor(isWanted: (row: StreamRow) => boolean): Promise<StreamRow> {
    for (let tries = 0; tries < 200; tries++) {
      const found = (await look()).streams.find(isWanted);
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error("no such row came");
  }

  /** Begins an answer that does not end by itself. @returns the reply, once its text is on the way */
  function beginAnswer(...texts: string[]): Promise<Reply> {
    return new Promise((resolve) => {
      service().script = (reply) => {
        reply.send(...texts);
        resolve(reply);
      };
    });
  }

  beforeEach(async () => {
    // What earlier tests left is known from here on.
    cursor = "";
    await look();
  });

  it("K13 are closed to everybody who may not read, and stop streams only for those who may write", async () => {
    await runtime().deploy(createAskFlow(service().url));
    const begun = beginAnswer("a");
    runtime().inject("ask", { payload: QUESTION });
    const reply = await begun;
    const { id } = await lookFor(({ state }) => state === "streaming");
    for (const token of [undefined, "forged", "stranger"])
      assert.equal((await request("GET", "", token)).status, 401, token);
    for (const token of [undefined, "forged", "stranger", "watcher", "reader"])
      assert.equal((await request("POST", `/${id}/stop`, token)).status, 401, token);
    for (const token of ["reader", "watcher", "stopper", "author"])
      assert.equal((await request("GET", "", token)).status, 200, token);
    assert.equal(reply.response.closed, false);
    assert.equal((await request("POST", `/${id}/stop`, "stopper")).status, 200);
    const [last] = await runtime().waitForEnds("out");
    assert.equal(last!["finishReason"], "cancelled");
    assert.equal((await look()).streams.find((row) => row.id === id)!.state, "cancelled");
  });

  it("answer 404 to a stop of a stream that has ended or never was", async () => {
    await runtime().deploy(createAskFlow(service().url));
    runtime().inject("ask", { payload: "x" });
    await runtime().waitForEnds("out");
    const { id } = await lookFor(({ state }) => state === "complete");
    for (const odd of [id, 999_999_999, "x", "__proto__", "1e3"])
      assert.equal((await request("POST", `/${odd}/stop`, "author")).status, 404, String(odd));
  });

  it("are not kept by any cache on the way", async () => {
    assert.equal((await request("GET", "", "author")).headers.get("cache-control"), "no-store");
  });

  it("K04 show a running and an ended stream by names and numbers: no key, no question, no answer, no visitor", async () => {
    const flow = createAskFlow(
      service().url,
      { name: "Poet", conversation: "flow", key: "topic", keyType: "msg", system: "canary system" },
      { name: "My service" },
    );
    await runtime().deploy(flow, "full", { provider: { apiKey: KEY } });
    const begun = beginAnswer(`${ANSWER} 1`, `${ANSWER} 2`);
    runtime().inject("ask", { payload: QUESTION, topic: CONVERSATION, user: "canary user" });
    const reply = await begun;
    const running = await lookFor(({ chunks }) => chunks === 2);
    assert.equal(running.tokens?.isEstimate, true);
    assert.ok(running.firstTokenMs! >= 0);
    reply.finish("stop", { prompt_tokens: 30, completion_tokens: 4 });
    const [last] = await runtime().waitForEnds("out");
    const ended = await lookFor(({ state }) => state === "complete");
    assert.deepEqual(ended.tokens, { input: 30, output: 4, isEstimate: false });
    assert.equal(ended.cost, null);
    cursor = "";
    const whole = await request("GET", "", "watcher");
    const { streams } = JSON.parse(whole.text) as LiveSnapshot;
    const { facts } = streams.find(({ id }) => id === ended.id)!;
    assert.deepEqual(
      { ...facts, startedAt: 0 },
      {
        stream: last!.parts!.id,
        node: "ask",
        name: "Poet",
        provider: "My service",
        model: "model-1",
        attempt: 1,
        round: 1,
        startedAt: 0,
      },
    );
    assert.equal(service().requests.at(-1)!.headers.authorization, `Bearer ${KEY}`);
    assert.doesNotMatch(whole.text, /canary|sk-/i);
  });

  it("K04 show a refusal by its code and status, without the service's sentence", async () => {
    await runtime().deploy(createAskFlow(service().url), "full", { provider: { apiKey: KEY } });
    service().script = (reply) =>
      reply.sendJson(400, { error: { message: `Bad request: ${QUESTION} with ${KEY}` } });
    runtime().inject("ask", { payload: QUESTION });
    await runtime().waitForEnds("out");
    const { error } = await lookFor(({ state }) => state === "failed");
    assert.deepEqual(error, { code: "invalid_request", status: 400 });
    cursor = "";
    assert.doesNotMatch(JSON.stringify(await look()), /canary|Bad request/);
  });

  it("show each attempt of a retry node by its number", async () => {
    await runtime().deploy(createRetryFlow(service().url));
    service().queue.push((reply) => reply.sendJson(503, {}));
    runtime().inject("ask", { payload: "x" });
    await runtime().waitForEnds("out");
    const rows = (await look()).streams.map(({ state, facts }) => [facts!.attempt, state]);
    assert.deepEqual(rows, [
      [1, "failed"],
      [2, "complete"],
    ]);
  });

  it("show each turn of a tool-call-router by its number, with the calls of the model", async () => {
    await runtime().deploy(createRouterFlow(service().url));
    service().script = answerByWeatherTool;
    answerCalls(runtime(), "weather", () => "sunny");
    runtime().inject("ask", { payload: "Paris?" });
    await runtime().waitForEnds("out");
    const rows = (await look()).streams.map(({ toolCalls, facts }) => [facts!.round, toolCalls]);
    assert.deepEqual(rows, [
      [1, 1],
      [2, 0],
    ]);
  });

  it("show a stream that waits for a place at its provider as waiting", async () => {
    await runtime().deploy(createAskFlow(service().url, {}, { maxConcurrent: 1 }));
    const begun = beginAnswer("a");
    runtime().inject("ask", { payload: "1" });
    const reply = await begun;
    runtime().inject("ask", { payload: "2" });
    const waiting = await lookFor(({ state, facts }) => state === "waiting" && facts!.model === "model-1");
    service().script = (second) => second.say("b");
    reply.finish();
    await runtime().waitForEnds("out", 2);
    assert.equal((await lookFor(({ id, state }) => id === waiting.id && state === "complete")).chunks, 1);
  });

  it("end the rows of streams that a deploy ends, whether their requests had begun or not", async () => {
    const flow = createAskFlow(service().url, { whenBusy: "wait" });
    await runtime().deploy(flow);
    const begun = beginAnswer("a");
    runtime().inject("ask", { payload: "1" });
    await begun;
    runtime().inject("ask", { payload: "2" });
    await lookFor(({ chunks }) => chunks === 1);
    assert.equal((await look()).running, 2);
    await runtime().deploy([]);
    const { running, streams } = await look();
    assert.equal(running, 0);
    assert.deepEqual(
      streams.map(({ state }) => state),
      ["cancelled", "cancelled"],
    );
  });

  it("show a stream in the instance of a subflow by the node that the editor knows", async () => {
    const flow = createAskFlow(service().url).map((node) =>
      node.id === "ask" ? { ...node, z: "subflow" } : node,
    );
    const subflow = {
      id: "subflow",
      type: "subflow",
      in: [{ wires: [{ id: "ask" }] }],
      out: [{ wires: [{ id: "ask", port: 0 }] }],
    };
    await runtime().deploy([...flow, subflow, createFlowNode("subflow:subflow", "instance", ["out"])]);
    runtime().inject("instance", { payload: "x" });
    await runtime().waitForEnds("out");
    assert.equal((await lookFor(({ state }) => state === "complete")).facts!.node, "ask");
  });

  it("show how far a stream is that belongs to a job", async () => {
    const saas = new SaasService(service());
    const settings = { provider: "saas-llm", settings: { team: TEAM } };
    await runtime().deploy(createAskFlow(saas.url, {}, settings), "full", {
      provider: { apiKey: VIRTUAL_KEY },
    });
    runtime().inject("ask", { payload: "x" });
    await runtime().waitForEnds("out");
    const { chunks, tokens } = await lookFor(({ state }) => state === "complete");
    assert.deepEqual([chunks, tokens], [2, { input: 1, output: 3, isEstimate: true }]);
  });

  it("show a message that cannot be a request as a failure of its node", async () => {
    await runtime().deploy(createAskFlow(service().url));
    runtime().inject("ask", { payload: { no: "prompt" } });
    await runtime().waitForEnds("out");
    const { error, chunks, facts } = await lookFor(({ state }) => state === "failed");
    assert.deepEqual([error, chunks, facts!.node], [{ code: "invalid_request" }, 0, "ask"]);
  });

  it("send little while many streams run: rows that change, and of those a hundred", async () => {
    await runtime().deploy(createAskFlow(service().url, {}, { maxConcurrent: 150 }));
    const replies: Reply[] = [];
    service().script = (reply) => {
      reply.send("a");
      replies.push(reply);
    };
    for (let at = 0; at < 150; at++) runtime().inject("ask", { payload: `${at}` });
    await runtime().waitUntil("out", (messages) => messages.length === 150);
    const first = await request("GET", "", "watcher");
    const snapshot = JSON.parse(first.text) as LiveSnapshot;
    assert.equal(snapshot.running, 150);
    assert.equal(snapshot.streams.filter(({ durationMs }) => durationMs === null).length, 100);
    assert.ok(first.text.length < 100_000, String(first.text.length));
    const quiet = await request("GET", `?cursor=${snapshot.cursor}`, "watcher");
    assert.ok(quiet.text.length < 200, quiet.text);
    replies[0]!.send("b");
    await runtime().waitUntil("out", (messages) => messages.length === 151);
    const next = await request("GET", `?cursor=${snapshot.cursor}`, "watcher");
    assert.equal((JSON.parse(next.text) as LiveSnapshot).streams.length, 1);
    for (const reply of replies) reply.finish();
    await runtime().waitForEnds("out", 150);
  });
});
