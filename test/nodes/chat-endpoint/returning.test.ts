import assert from "node:assert/strict";
import { EventSource } from "eventsource";
import OpenAI from "openai";
import { createServedFlow, deployServed, KEY } from "../../support/flows/serving.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { RawClient } from "../../support/serving/raw-client.js";
import { waitUntil } from "../../support/waiting.js";

const OWN = { Authorization: `Bearer ${KEY}` };
const BOB = { Authorization: "Bearer sk-bob" };

describe("A client that comes back", () => {
  const runtime = useRuntime();
  const service = useService();
  const root = () => `${runtime().url}/ai`;
  const deploy = (endpoint: Record<string, unknown> = {}) =>
    deployServed(runtime(), createServedFlow(service().url, { endpoint: { goesOn: true, ...endpoint } }));
  const request = (method: string, path: string, headers: Record<string, string> = OWN, body?: unknown) =>
    fetch(`${root()}${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });

  /** A service that says “Hello”, and “ world” once it is told to go on. */
  const sayInTwo = (): { script: Script; goOn: () => void } => {
    let goOn = () => {};
    const isTold = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    return {
      goOn,
      script: async (reply) => {
        reply.send("Hello");
        await isTold;
        reply.say(" world");
      },
    };
  };
  /** Asks for events, and leaves after “Hello”. @returns the id of the answer and of the last event */
  const askAndLeave = async (headers: Record<string, string> = OWN) => {
    const client = await RawClient.connect(runtime().url);
    client.send("POST /ai/events HTTP/1.1", headers, JSON.stringify({ prompt: "Hi" }));
    const received = await client.waitFor(/Hello"\}/);
    client.leave();
    const [, last, id] = /id: (([\w-]+):0)/.exec(received)!;
    return { last: last!, id: id! };
  };
  const parts = (text: string) => [...text.matchAll(/"payload":"([^"]*)"/g)].map(([, part]) => part);

  it("reads on behind the last event that it got, while the model goes on without it", async () => {
    await deploy();
    const { script, goOn } = sayInTwo();
    service().script = script;
    const { id, last } = await askAndLeave();
    const again = request("GET", `/events/${id}`, { ...OWN, "Last-Event-ID": last });
    setTimeout(goOn, 30);
    const text = await (await again).text();
    assert.deepEqual(parts(text), [" world"]);
    assert.match(text, /event: done/);
    assert.equal(service().requests.length, 1);
  });

  it("reads everything again without an id, also after the end, and nothing behind the end", async () => {
    await deploy();
    const { script, goOn } = sayInTwo();
    service().script = script;
    const { id } = await askAndLeave();
    const readers = [request("GET", `/events/${id}`), request("GET", `/events/${id}`)];
    setTimeout(goOn, 30);
    for (const reader of await Promise.all(readers))
      assert.deepEqual(parts(await reader.text()), ["Hello", " world"]);
    const late = await request("GET", `/events/${id}`);
    assert.deepEqual(parts(await late.text()), ["Hello", " world"]);
    const end = { ...OWN, "Last-Event-ID": `${id}:end` };
    assert.equal((await request("GET", `/events/${id}`, end)).status, 404);
    assert.equal((await request("GET", "/events?prompt=Hi", end)).status, 204);
    assert.equal(service().requests.length, 1);
  });

  it("is an EventSource that asks once, loses its connection, and misses nothing", async () => {
    await deploy();
    const { script, goOn } = sayInTwo();
    service().script = script;
    let count = 0;
    const source = new EventSource(`${root()}/events?prompt=Hi`, {
      fetch: async (url, init) => {
        count++;
        const response = await fetch(url, { ...init, headers: { ...init?.headers, ...OWN } });
        if (count > 1) return response;
        // The network fails behind the first text.
        const reader = response.body!.getReader();
        let text = "";
        while (!text.includes("Hello")) text += new TextDecoder().decode((await reader.read()).value);
        void reader.cancel();
        goOn();
        return new Response(text.replace(/retry: \d+/, "retry: 20"), response);
      },
    });
    let answer = "";
    source.addEventListener("message", ({ data }) => {
      answer += (JSON.parse(data as string) as { payload: string }).payload;
    });
    await new Promise((resolve) => source.addEventListener("done", resolve));
    source.close();
    assert.equal(answer, "Hello world");
    assert.deepEqual([count, service().requests.length], [2, 1]);
  });

  it("stops the model only by a request of its own", async () => {
    await deploy();
    service().script = async (reply, { gone }) => {
      reply.send("Hello");
      await gone;
    };
    const { id } = await askAndLeave();
    const watching = request("GET", `/events/${id}`);
    assert.equal((await request("POST", `/events/${id}/stop`, BOB)).status, 404);
    assert.equal(service().openStreams, 1);
    assert.equal((await request("DELETE", `/events/${id}`)).status, 204);
    await service().requests[0]!.gone;
    assert.match(await (await watching).text(), /event: failed[\s\S]*"code":"cancelled"/);
    assert.equal((await request("POST", `/events/${id}/stop`)).status, 204);
  });

  it("stops the model by leaving if its answers do not go on, in every form", async () => {
    await deploy({ goesOn: false });
    service().script = async (reply, { gone }) => {
      reply.send("Hello");
      await gone;
    };
    await askAndLeave();
    await service().requests[0]!.gone;
    await deploy();
    const client = await RawClient.connect(runtime().url);
    const asked = { model: "house", stream: true, messages: [{ role: "user", content: "Hi" }] };
    client.send("POST /ai/v1/chat/completions HTTP/1.1", OWN, JSON.stringify(asked));
    await client.waitFor(/Hello/);
    client.leave();
    await (await service().waitForRequests(2)).gone;
  });

  it("gets nobody else's answer, and none that is not kept", async () => {
    await deploy();
    const { script, goOn } = sayInTwo();
    service().script = script;
    const { id, last } = await askAndLeave();
    for (const method of ["GET", "DELETE"])
      assert.equal((await request(method, `/events/${id}`, BOB)).status, 404);
    const asked = await request("GET", "/events?prompt=Hi", { ...BOB, "Last-Event-ID": last });
    assert.equal(asked.status, 204);
    assert.equal((await request("GET", `/v1/responses/resp_${id}`)).status, 404);
    assert.equal((await request("GET", "/events/unknown")).status, 404);
    goOn();
    await waitUntil(() => service().openStreams === 0, "the answer ends");
    await deploy({ keep: 0 });
    service().script = (reply) => reply.say("Hello");
    const text = await (await request("POST", "/events", OWN, { prompt: "Hi" })).text();
    const [, kept] = /id: ([\w-]+):end/.exec(text)!;
    assert.equal((await request("GET", `/events/${kept}`)).status, 404);
  });

  it("is a page without a key that comes back by its cookie, which no other page has", async () => {
    await deploy({ open: true });
    const { script, goOn } = sayInTwo();
    service().script = script;
    const body = {
      id: "chat-1",
      messages: [{ id: "u", role: "user", parts: [{ type: "text", text: "Hi" }] }],
    };
    const page = { Origin: runtime().url };
    const asked = await request("POST", "/ui", page, body);
    const [cookie] = asked.headers.getSetCookie();
    assert.match(cookie!, /^chat_visitor=[\w-]{32}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
    const reader = asked.body!.getReader();
    await reader.read();
    await reader.cancel();
    const own = { ...page, Cookie: cookie!.split(";")[0]! };
    for (const headers of [page, {}, { ...page, Cookie: `chat_visitor=${"x".repeat(32)}` }])
      assert.equal((await request("GET", "/ui/chat-1/stream", headers)).status, 204);
    assert.equal((await request("POST", "/ui/chat-1/stop", {})).status, 404);
    const again = request("GET", "/ui/chat-1/stream", own);
    setTimeout(goOn, 30);
    assert.match(await (await again).text(), /"type":"start"[\s\S]*Hello[\s\S]* world[\s\S]*"type":"finish"/);
    assert.equal((await request("GET", "/ui/chat-2/stream", own)).status, 204);
  });

  it("is useChat, which resumes the stream of its chat and stops it", async () => {
    await deploy();
    const { script, goOn } = sayInTwo();
    service().script = script;
    const { DefaultChatTransport, readUIMessageStream } = await import("ai");
    const transport = new DefaultChatTransport({ api: `${root()}/ui`, headers: OWN });
    const abort = new AbortController();
    const asked = await transport.sendMessages({
      chatId: "chat-1",
      messages: [{ id: "u", role: "user", parts: [{ type: "text", text: "Hi" }] }],
      trigger: "submit-message",
      messageId: undefined,
      abortSignal: abort.signal,
    });
    await asked.getReader().read();
    abort.abort();
    const resumed = await transport.reconnectToStream({ chatId: "chat-1" });
    setTimeout(goOn, 30);
    let message: { parts: readonly object[] } | undefined;
    for await (const next of readUIMessageStream({ stream: resumed! })) message = next;
    assert.equal((message!.parts.at(-1) as { text: string }).text, "Hello world");
    assert.equal(await transport.reconnectToStream({ chatId: "chat-2" }), null);
    assert.equal((await request("POST", "/ui/chat-1/stop")).status, 204);
    assert.equal(service().requests.length, 1);
  });

  it("reads a response on behind a number, or as it is now, and cancels it", async () => {
    await deploy();
    const { script, goOn } = sayInTwo();
    service().script = script;
    const client = new OpenAI({ apiKey: KEY, baseURL: `${root()}/v1`, maxRetries: 0 });
    const stream = await client.responses.create({ model: "house", input: "Hi", stream: true });
    let id = "";
    let last = -1;
    for await (const event of stream) {
      last = event.sequence_number;
      if (event.type === "response.created") id = event.response.id;
      if (event.type === "response.output_text.delta") break;
    }
    const now = await client.responses.retrieve(id);
    assert.deepEqual([now.status, now.output_text], ["in_progress", "Hello"]);
    setTimeout(goOn, 30);
    const rest = await client.responses.retrieve(id, { stream: true, starting_after: last });
    const types: string[] = [];
    let text = "";
    for await (const event of rest) {
      assert.ok(event.sequence_number > last);
      types.push(event.type);
      if (event.type === "response.output_text.delta") text += event.delta;
    }
    assert.equal(text, " world");
    assert.equal(types.at(-1), "response.completed");
    const done = await client.responses.retrieve(id);
    assert.deepEqual([done.status, done.output_text], ["completed", "Hello world"]);
    assert.equal((await client.responses.cancel(id)).status, "completed");
    const bob = new OpenAI({ apiKey: "sk-bob", baseURL: `${root()}/v1`, maxRetries: 0 });
    await assert.rejects(bob.responses.retrieve(id), { status: 404 });
    await assert.rejects(bob.responses.cancel(id), { status: 404 });
  });
});
