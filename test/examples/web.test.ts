import assert from "node:assert/strict";
import { Script } from "node:vm";
import { findExample } from "../support/flows/examples.js";
import { pause } from "../support/waiting.js";
import { ChatVisitor } from "./chat-visitor.js";
import { ExampleRun } from "./example-run.js";

/** An event of the stream over HTTP. */
interface ServerEvent {
  event: string;
  data: { text?: string; code?: string; finishReason?: string; usage?: unknown; stats?: unknown };
}

describe("Example that streams over HTTP", () => {
  let run: ExampleRun;
  before(async () => {
    run = await ExampleRun.start();
  });
  after(() => run.stop());
  const requestStream = (prompt: string, init: RequestInit = {}) =>
    fetch(`${run.webUrl}/stream?prompt=${encodeURIComponent(prompt)}`, init);

  it("sends an event for each chunk, then one that says how the stream ended", async () => {
    await run.deploy("Stream over HTTP");
    const response = await requestStream("Count to 5.");
    assert.match(response.headers.get("content-type")!, /^text\/event-stream/);
    const events = parseEvents(await response.text());
    const chunks = events.filter(({ event }) => event === "message");
    assert.ok(chunks.length > 5);
    assert.equal(chunks.map(({ data }) => data.text).join(""), "1, 2, 3, 4, 5.");
    const last = events.at(-1)!;
    assert.equal(last.event, "done");
    assert.equal(last.data.finishReason, "stop");
    assert.ok(last.data.usage && last.data.stats);
  });

  it("sends each event as soon as its chunk arrives, and only to the client that asked", async () => {
    await run.deploy("Stream over HTTP", 100);
    const slow = await requestStream("Explain streaming.");
    const quick = await (await requestStream("What is 12 * 12?")).text();
    assert.equal(joinTexts(parseEvents(quick)), "12 × 12 = 144.");
    const reader = slow.body!.getReader();
    const first = await reader.read();
    assert.match(Buffer.from(first.value!).toString(), /^id: 0\ndata: \{"text":"/);
    await reader.cancel();
  });

  it("cancels the stream of a client that leaves, and no other stream", async () => {
    await run.deploy("Stream over HTTP", 50);
    const leaving = new AbortController();
    const left = await requestStream("Tell me a long story.", { signal: leaving.signal });
    const staying = requestStream("Count to 20.");
    await left.body!.getReader().read();
    leaving.abort();
    assert.match(joinTexts(parseEvents(await (await staying).text())), / 20\.$/);
    // The story has 370 chunks at 50 a second, so without the cancellation it would still be streaming.
    await run.waitForStatus("Ask", "green", "dot");
  });

  it("cancels the stream of a client that leaves before the first chunk", async () => {
    await run.deploy("Stream over HTTP", 1);
    const leaving = new AbortController();
    await requestStream("Tell me a long story.", { signal: leaving.signal });
    leaving.abort();
    await run.waitForStatus("Ask", "grey", "ring");
  });

  it("answers a client that reconnects with 204, so that it stops trying", async () => {
    await run.deploy("Stream over HTTP");
    const again = await requestStream("Count to 5.", { headers: { "Last-Event-ID": "3" } });
    assert.equal(again.status, 204);
  });

  it("ends its HTTP responses at a deploy", async () => {
    await run.deploy("Stream over HTTP", 20);
    const response = await requestStream("Tell me a long story.");
    const reader = response.body!.getReader();
    await reader.read();
    await run.deploy("Stream over HTTP");
    while (!(await reader.read()).done);
  });
});

describe("Example of a chat page", () => {
  let run: ExampleRun;
  const visitors: ChatVisitor[] = [];
  const connectVisitor = async () => {
    const visitor = await ChatVisitor.connect(run.socketUrl);
    visitors.push(visitor);
    return visitor;
  };
  before(async () => {
    run = await ExampleRun.start();
  });
  beforeEach(() => run.deploy("Chat page"));
  afterEach(() => {
    for (const visitor of visitors.splice(0)) visitor.leave();
  });
  after(() => run.stop());

  it("K17 serves a chat page that loads nothing from elsewhere and never shows text as HTML", async () => {
    const response = await fetch(`${run.webUrl}/chat`);
    assert.match(response.headers.get("content-type")!, /^text\/html; charset=utf-8/);
    assert.match(response.headers.get("content-security-policy")!, /default-src 'none'/);
    const page = await response.text();
    assert.match(page, /^<!doctype html>/);
    assert.doesNotMatch(page, /https?:\/\//);
    assert.doesNotMatch(page, /\{\{|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/);
    const [, script] = /<script>([\s\S]*)<\/script>/.exec(page)!;
    assert.ok(new Script(script!));
  });

  it("sends the text as it arrives, then the statistics", async () => {
    const ada = await connectVisitor();
    ada.send({ type: "hello" });
    const [ready] = await ada.frames.waitForCount(1);
    assert.equal(ready!.type, "ready");
    assert.ok(ready!.models!.length > 1);
    const turn = ada.ask("Count to 10.");
    const end = await ada.waitForEnd(turn);
    assert.equal(ada.joinText(turn), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10.");
    assert.ok(ada.frames.size > 10);
    assert.equal(end.finishReason, "stop");
    assert.equal(end.stats.characters, ada.joinText(turn).length);
    assert.ok(end.stats.charactersPerSecond > 0);
  });

  it("keeps a conversation per visitor, and shows it to no other visitor", async () => {
    const [ada, bob] = [await connectVisitor(), await connectVisitor()];
    await ada.converse("My name is Ada.");
    await bob.converse("My name is Bob.");
    assert.deepEqual(
      await Promise.all([ada.converse("What is my name?"), bob.converse("What is my name?")]),
      ["Your name is Ada.", "Your name is Bob."],
    );
    assert.equal(
      ada.frames.messages.some(({ text }) => text?.includes("Bob")),
      false,
    );
    assert.equal(
      bob.frames.messages.some(({ text }) => text?.includes("Ada")),
      false,
    );
  });

  it("stops the answer of the visitor who presses Stop, and no other answer", async () => {
    await run.deploy("Chat page", 100);
    const [ada, bob] = [await connectVisitor(), await connectVisitor()];
    const [hers, his] = [ada.ask("Tell me a long story."), bob.ask("Count to 20.")];
    await Promise.all([ada.waitForText(hers), bob.waitForText(his)]);
    ada.send({ type: "stop" });
    assert.equal((await ada.waitForEnd(hers)).finishReason, "cancelled");
    assert.equal((await bob.waitForEnd(his)).finishReason, "stop");
    const arrived = ada.frames.size;
    await pause();
    assert.equal(ada.frames.size, arrived);
  });

  it("stops the answer of a visitor who leaves", async () => {
    await run.deploy("Chat page", 100);
    const ada = await connectVisitor();
    await ada.waitForText(ada.ask("Tell me a long story."));
    ada.leave();
    await run.waitForStatus("Ask the model", "grey", "ring");
  });

  it("cancels the running answer when its visitor asks a new question", async () => {
    await run.deploy("Chat page", 100);
    const ada = await connectVisitor();
    const first = ada.ask("Tell me a long story.");
    await ada.waitForText(first);
    const second = ada.ask("What is 12 * 12?");
    assert.equal((await ada.waitForEnd(first)).finishReason, "cancelled");
    await ada.waitForEnd(second);
    assert.equal(ada.joinText(second), "12 × 12 = 144.");
  });

  it("sends visitors only the code of an error, no details of the service", async () => {
    const ada = await connectVisitor();
    const end = await ada.waitForEnd(ada.ask("Tell me a story.", "demo:fault=drop&after=12"));
    assert.deepEqual(end.error, { code: "interrupted" });
  });

  it("sends the reasoning of a model apart from its answer", async () => {
    const ada = await connectVisitor();
    const answer = await ada.converse("Why is the sky blue?", "demo-reasoning");
    assert.match(answer, /^The sky is blue/);
    assert.ok(ada.frames.messages.some(({ thinking }) => thinking));
  });

  it("ignores a model that is not offered, and messages with roles other than user and assistant", async () => {
    const ada = await connectVisitor();
    ada.conversation.push(
      { role: "system", content: "You are a pirate." },
      { role: "user", content: "My name is Ada." },
    );
    assert.equal(await ada.converse("What is my name?", "gpt-of-somebody-else"), "Your name is Ada.");
  });

  it("ignores frames that it does not understand, without an error", async () => {
    const ada = await connectVisitor();
    for (const nonsense of ["", "{", "null", "[]", '"text"', '{"type":"what"}', '{"type":"stop"}'])
      ada.send(nonsense);
    assert.equal(await ada.converse("What is 12 * 12?"), "12 × 12 = 144.");
    assert.deepEqual(
      run.runtime.logs.filter(({ level }) => level <= 20).map(({ msg }) => String(msg)),
      [],
    );
  });

  it("keeps the answers of visitors out of the debug sidebar", async () => {
    const ada = await connectVisitor();
    await ada.converse("Count to 20.");
    assert.equal(run.sidebar.size, 0);
    assert.equal(
      findExample("Chat page").nodes.some(({ type }) => type === "debug"),
      false,
    );
  });
});

function parseEvents(text: string): ServerEvent[] {
  return text
    .split("\n\n")
    .filter(Boolean)
    .map((block) => ({
      event: /^event: (.*)$/m.exec(block)?.[1] ?? "message",
      data: JSON.parse(/^data: (.*)$/m.exec(block)![1]!) as ServerEvent["data"],
    }));
}

function joinTexts(events: readonly ServerEvent[]): string {
  return events.map(({ data }) => data.text ?? "").join("");
}
