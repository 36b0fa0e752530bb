import assert from "node:assert/strict";
import { createFlowNode } from "../../support/flows/nodes.js";
import { createServedFlow, deployServed, KEY } from "../../support/flows/serving.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { RawClient } from "../../support/serving/raw-client.js";
import { waitUntil } from "../../support/waiting.js";

const HEADERS = { Authorization: `Bearer ${KEY}` };
const ASKED = { model: "house", messages: [{ role: "user", content: "Hi" }] };

/** Sends one text, then nothing until it is left. */
const sayAndStall: Script = async (reply, { gone }) => {
  reply.send("Once");
  await gone;
};

describe("A client that leaves", () => {
  const runtime = useRuntime();
  const service = useService();
  const deploy = (more: Parameters<typeof createServedFlow>[1] = {}) =>
    deployServed(runtime(), createServedFlow(service().url, more));
  const ask = async (body: Record<string, unknown> = {}) => {
    const client = await RawClient.connect(runtime().url);
    return client.send(
      "POST /ai/v1/chat/completions HTTP/1.1",
      HEADERS,
      JSON.stringify({ ...ASKED, stream: true, ...body }),
    );
  };

  it("stops the model in the middle of the answer, and is told by a message too", async () => {
    await deploy();
    service().script = sayAndStall;
    const client = await ask();
    await client.waitFor(/Once/);
    client.leave();
    await service().requests[0]!.gone;
    const [message] = await runtime().waitUntil("left", (messages) => messages.length > 0);
    assert.equal(message?.["cancel"], true);
    assert.equal(typeof message?.parts?.id, "string");
    assert.equal(message?.["chunk"], undefined);
    await runtime().statuses.waitUntil((all) => all.some(({ status }) => status?.text === "client has left"));
  });

  it("stops the model before the first byte", async () => {
    await deploy();
    service().script = (_reply, { gone }) => gone;
    for (const stream of [true, false]) {
      const client = await ask({ stream });
      const request = await service().waitForRequests(stream ? 1 : 2);
      client.leave();
      await request.gone;
    }
  });

  it("takes its request out of the provider's queue", async () => {
    await deploy({ service: { maxConcurrent: 1 } });
    service().script = sayAndStall;
    const first = await ask();
    await first.waitFor(/Once/);
    const second = await ask();
    await waitUntil(() => (runtime().inputs.get("ask")?.got ?? 0) === 2, "the second request arrived");
    second.leave();
    await waitUntil(() => (runtime().inputs.get("ask")?.done ?? 0) === 1, "it is done");
    first.leave();
    await waitUntil(() => service().openStreams === 0, "the model is stopped");
    assert.equal(service().requests.length, 1);
  });

  it("leaves while its request is on its way to the model, which is then never asked", async () => {
    await deploy({
      in: { wires: [["wait"]] },
      nodes: [createFlowNode("helper", "wait", [])],
    });
    const client = await ask();
    const [message] = await runtime().waitUntil("wait", (messages) => messages.length === 1);
    client.leave();
    await waitUntil(
      () => runtime().statuses.messages.some(({ id, status }) => id === "in" && !status?.fill),
      "it has left",
    );
    runtime().inject("ask", message!);
    await runtime().statuses.waitUntil((all) =>
      all.some(({ id, status }) => id === "ask" && status?.shape === "ring"),
    );
    assert.equal(service().requests.length, 0);
  });

  it("stops no other client's answer", async () => {
    await deploy();
    let goOn = () => {};
    const isTime = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    service().queue.push(sayAndStall, async (reply) => {
      reply.send("Twice");
      await isTime;
      reply.send(" told").finish();
    });
    const leaving = await ask();
    await leaving.waitFor(/Once/);
    const staying = await ask();
    await staying.waitFor(/Twice/);
    leaving.leave();
    await service().requests[0]!.gone;
    goOn();
    assert.match(await staying.waitFor(/\[DONE\]/), / told/);
    staying.leave();
  });

  it("is no cancellation once the answer has ended", async () => {
    await deploy();
    const client = await ask();
    await client.waitFor(/"finish_reason":"stop"/);
    client.leave();
    await runtime().waitUntil("completed", (messages) => messages.length >= 3);
    assert.deepEqual(runtime().getMessages("left"), []);
  });

  it("stops a stream that comes from another machine with the first message that comes of it", async () => {
    const remote = createFlowNode("helper", "remote", []);
    await deploy({ in: { wires: [["remote"]] }, nodes: [remote] });
    const client = await ask();
    const [request] = await runtime().waitUntil("remote", (messages) => messages.length === 1);
    client.leave();
    await waitUntil(
      () => runtime().statuses.messages.some(({ id, status }) => id === "in" && !status?.fill),
      "it has left",
    );
    const replyTo = request!["replyTo"];
    for (const index of [0, 1, 2])
      runtime().inject("out", { payload: "x", replyTo, parts: { id: "far", index, type: "string", ch: "" } });
    const [message] = await runtime().waitUntil("left", (messages) => messages.length > 0);
    assert.equal(message?.parts?.id, "far");
    await waitUntil(() => runtime().inputs.get("out")?.done === 3, "all messages are done");
    assert.equal(runtime().getMessages("left").length, 1);
  });
});

describe("A slow client", () => {
  const runtime = useRuntime();
  const service = useService();

  it("gets the whole answer, and slows nobody", async () => {
    await deployServed(runtime(), createServedFlow(service().url));
    const piece = "x".repeat(1000);
    service().script = (reply) => {
      for (let at = 0; at < 500; at++) reply.send(piece);
      reply.finish();
    };
    const slow = await RawClient.connect(runtime().url);
    slow.socket.pause();
    slow.send("POST /ai/v1/chat/completions HTTP/1.1", HEADERS, JSON.stringify({ ...ASKED, stream: true }));
    await runtime().waitUntil("completed", (messages) => messages.length > 500);
    const quick = await fetch(`${runtime().url}/ai/v1/chat/completions`, {
      method: "POST",
      headers: HEADERS,
      body: JSON.stringify(ASKED),
    });
    assert.equal(((await quick.json()) as { object: string }).object, "chat.completion");
    slow.socket.resume();
    const answer = await slow.waitFor(/\[DONE\]/);
    assert.equal(answer.split(piece).length - 1, 500);
    slow.leave();
  });

  it("is cut off when it is more than 4 MiB behind, and the model is stopped", async () => {
    await deployServed(runtime(), createServedFlow(service().url));
    let sent = 0;
    service().script = async (reply, { gone }) => {
      let isGone = false;
      void gone.then(() => {
        isGone = true;
      });
      // More than the sockets' buffers hold.
      while (!isGone && sent < 40_000_000) {
        await reply.sendApart("x".repeat(100_000));
        sent += 100_000;
      }
    };
    const slow = await RawClient.connect(runtime().url);
    slow.socket.pause();
    slow.send("POST /ai/v1/chat/completions HTTP/1.1", HEADERS, JSON.stringify({ ...ASKED, stream: true }));
    await (await service().waitForRequests(1)).gone;
    assert.ok(sent < 20_000_000, `${sent}`);
    slow.leave();
  });
});
