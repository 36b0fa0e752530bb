import assert from "node:assert/strict";
import type { FailureCode } from "../../src/index.js";
import { guardEachTest } from "../support/runtime/guards.js";
import {
  DONE,
  formatAnswer,
  formatDelta,
  formatFinish,
  formatRecord,
  formatUsage,
  sendWholeAnswer,
  TEXT,
  USAGE,
  WORDS,
} from "../support/services/answers.js";
import { startChaosServer } from "../support/services/chaos-server.js";
import type { Peer } from "../support/services/peer.js";
import { until } from "../support/waiting.js";
import { ask, assertComplete, assertFailed, start } from "../support/worlds/asking.js";

const SSE = { "content-type": "text/event-stream" };
const JSON_TYPE = { "content-type": "application/json" };

const COMPLETION = JSON.stringify({
  id: "chatcmpl-9",
  object: "chat.completion",
  created: 9,
  model: "m-9",
  choices: [{ index: 0, message: { role: "assistant", content: TEXT }, finish_reason: "stop" }],
  usage: USAGE,
});

/** Answers every request with this body. */
const body = (text: string | Buffer, headers: Record<string, string> = SSE, status = 200) =>
  startChaosServer((peer) => peer.respond(status, headers, text));

describe("Faults of the protocol, in the response", () => {
  guardEachTest();

  it("P01: a page instead of a stream is a bad response that names the type; the page is not read", async () => {
    let written = 0;
    await using server = await startChaosServer(async (peer) => {
      await peer.sendHead(200, { "content-type": "text/html; charset=utf-8" });
      while (await peer.sendBody("<p>Please log in</p>".repeat(1_000)));
      written = peer.written;
    });
    const failure = assertFailed(await ask(server), "bad_response", {
      phase: "first_chunk",
      retryable: false,
    });
    assert.match(failure.message, /text\/html/);
    assert.doesNotMatch(failure.message, /log in/);
    await server.waitUntilEmpty();
    await until(() => written > 0, "the server has seen the end");
  });

  for (const type of ["application/json", "text/plain", "text/event-stream"]) {
    it(`P01: a page that is called ${type} is one all the same`, async () => {
      await using server = await body("<!doctype html>\n<p>Please log in</p>\n", { "content-type": type });
      const failure = assertFailed(await ask(server), "bad_response", {
        phase: "first_chunk",
        retryable: false,
      });
      assert.match(failure.message, /web page.*base URL/);
    });
  }

  for (const type of ["application/json", "application/json; charset=utf-8", "text/plain", ""]) {
    it(`P02: a whole completion (${type || "no type"}) where a stream was asked for is the answer`, async () => {
      await using server = await body(COMPLETION, type === "" ? {} : { "content-type": type });
      const told = await ask(server);
      assertComplete(told, TEXT);
      assert.deepEqual(told.texts, [TEXT]);
      const { completion } = told.result;
      assert.deepEqual([completion.id, completion.model, completion.usage], ["chatcmpl-9", "m-9", USAGE]);
    });
  }

  it("P02: so it is cut into single bytes, and broken off it is interrupted", async () => {
    const bytes = Buffer.from(COMPLETION);
    await using server = await startChaosServer(async (peer, at) => {
      await peer.sendHead(200, JSON_TYPE, bytes.length);
      await peer.sendBody(bytes.subarray(0, at * 40));
      if (at * 40 < bytes.length) peer.close();
    });
    for (let at = 0; at * 40 < bytes.length; at++) {
      assertFailed(await ask(server), "interrupted", { phase: "first_chunk", retryable: true });
    }
    assertComplete(await ask(server), TEXT);
  });

  const ERRORS: [string, FailureCode, boolean][] = [
    ['{"error":{"message":"The model gave up","type":"server_error"}}', "server_error", true],
    ['{"error":{"message":"bad key","code":"invalid_api_key"}}', "authentication", false],
    ['{"error":"Rate limit reached"}', "rate_limit", true],
    ['[{"error":{"code":503,"status":"UNAVAILABLE","message":"later"}}]', "overloaded", true],
    ['{"detail":"Not authenticated"}', "authentication", false],
  ];

  for (const [text, code, retryable] of ERRORS) {
    it(`P03: an error as the body of a 200 is ${code}: ${text.slice(0, 40)}`, async () => {
      await using server = await body(text, JSON_TYPE);
      const { failure } = (await ask(server)).result;
      assert.deepEqual([failure?.code, failure?.retryable, failure?.phase], [code, retryable, "first_chunk"]);
    });
  }

  it("P03: an error that is written without any framing into a stream is found", async () => {
    await using server = await body('{"error":{"message":"Rate limit reached"}}\n');
    assertFailed(await ask(server), "rate_limit", { phase: "first_chunk", retryable: true });
  });

  for (const after of [DONE, ""]) {
    it(`P04: an error after any record${after && ", with the end marker after it,"} ends the stream`, async () => {
      const records = formatAnswer(WORDS).slice(0, -1);
      await using server = await startChaosServer(async (peer, k) => {
        const error = 'event: error\ndata: {"error":{"message":"Rate limit reached"}}\n\n';
        await peer.respond(200, SSE, records.slice(0, k).join("") + error + formatDelta("too late") + after);
      });
      for (let k = 0; k <= records.length; k++) {
        const partial = WORDS.slice(0, Math.max(0, k - 1)).join("");
        const phase = partial === "" ? "first_chunk" : "streaming";
        assertFailed(await ask(server), "rate_limit", { phase, retryable: true, partial });
      }
    });
  }

  it("P05: a malformed record is never passed over in silence", async () => {
    const text = `${formatDelta("a")}data: {"choices":[{"delta":{"content":"lost-text"}]}\n\n${formatDelta("b")}${formatFinish()}${DONE}`;
    await using server = await body(text);
    const failure = assertFailed(await ask(server), "bad_response", {
      phase: "streaming",
      retryable: true,
      partial: "a",
    });
    assert.doesNotMatch(failure.message, /lost-text/, "what the model said is not for the log");
    const told = await ask(server, { tolerant: true });
    assertComplete(told, "ab");
    assert.equal(told.result.skipped, 1);
  });

  it("P08: CR, LF and CRLF, comments, ids, retries and a mark at the start change nothing", async () => {
    const bare = formatAnswer(WORDS).join("");
    const dressed = `\ufeff: hello\nid: 1\nretry: 5\n${bare.replaceAll("data: ", ": note\nevent: \nid: x\ndata:")}`;
    const forms = [bare, dressed, `: c\n${bare}`]
      .flatMap((text) => [text, text.replaceAll("\n", "\r\n"), text.replaceAll("\n", "\r")])
      .map((text) => Buffer.from(text));
    await using server = await startChaosServer((peer, nth) =>
      peer.respond(200, SSE, forms[nth % forms.length]!),
    );
    for (const form of forms) {
      const told = await ask(server);
      assert.equal(told.text, TEXT, JSON.stringify(form.toString().slice(0, 60)));
      assert.deepEqual(told.result.completion.usage, USAGE);
    }
    assert.equal(server.requests.length, forms.length, "retry: asks nobody again");
  });

  it("P09: the last record counts without its blank line, and without its line end", async () => {
    for (const tail of ["data: [DONE]", "data: [DONE]\n", "data: [DONE]\r", formatFinish().trimEnd()]) {
      await using server = await body(formatDelta("all") + tail);
      assert.deepEqual([(await ask(server)).result.outcome, tail], ["complete", tail]);
    }
    await using server = await body(formatDelta("a") + formatDelta("b").trimEnd());
    assertFailed(await ask(server), "interrupted", { phase: "streaming", retryable: true, partial: "ab" });
  });

  it("P10: bytes that are no UTF-8 become the replacement character, and the stream lives", async () => {
    const [before, after] = formatDelta("a?z").split("?") as [string, string];
    await using server = await body(
      Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(after + formatDelta("!") + DONE)]),
    );
    assertComplete(await ask(server), "a\ufffdz!", "unknown");
  });

  it("P17, P18: the marker completes a stream without a finish reason; what follows it is nothing", async () => {
    await using server = await body(
      formatDelta("all") + DONE + formatDelta("more") + formatFinish("length") + formatUsage(),
    );
    const told = await ask(server);
    assertComplete(told, "all", "unknown");
    assert.equal(told.result.completion.choices[0]?.finish_reason, null);
    assert.equal(told.result.completion.usage, null);
  });

  it("P20: the marker alone is a complete and empty answer", async () => {
    await using server = await body(DONE);
    const told = await ask(server);
    assertComplete(told, "", "unknown");
    assert.equal(told.result.stats.firstTokenMs, null);
  });

  const NOTHING: [string, (peer: Peer) => Promise<unknown>][] = [
    ["an empty stream", (peer) => peer.respond(200, SSE, "")],
    ["only comments", (peer) => peer.respond(200, SSE, ": hi\n\n: ho\n\n")],
    ["only a role", (peer) => peer.respond(200, SSE, formatAnswer([])[0]!)],
    ["empty JSON", (peer) => peer.respond(200, JSON_TYPE, "")],
    ["no content", (peer) => peer.write("HTTP/1.1 204 No Content\r\n\r\n")],
    ["nothing at all", (peer) => peer.respond(200, {}, "")],
  ];
  for (const [what, reply] of NOTHING) {
    it(`P20: ${what} is interrupted, never an empty success`, async () => {
      await using server = await startChaosServer(reply);
      assertFailed(await ask(server), "interrupted", { phase: "first_chunk", retryable: true });
    });
  }

  it("P21: a role and empty texts make no text, and no commitment", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(
        formatAnswer([""]).slice(0, 2).join("") + formatRecord({ choices: [{ delta: { content: null } }] }),
      );
      peer.close();
    });
    const told = await ask(server);
    assertFailed(told, "interrupted", { phase: "first_chunk", retryable: true });
    assert.deepEqual(told.texts, []);
  });

  it("a stream without a content type is read as one", async () => {
    await using server = await body(formatAnswer(WORDS).join(""), {});
    assertComplete(await ask(server), TEXT);
  });

  it("a service that hangs up after each answer serves the next all the same", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead("close");
      await peer.sendBody(formatAnswer(WORDS).join(""));
      await peer.endBody();
    });
    for (let round = 0; round < 5; round++) assertComplete(await ask(server), TEXT);
  });
});

describe("A service that refuses stream_options", () => {
  guardEachTest();

  const refusal = '{"error":{"message":"Unrecognized request argument: stream_options"}}';
  const asks = (text: string): boolean => "stream_options" in JSON.parse(text);

  it("is asked once more without them, and never with them again", async () => {
    const memory = {};
    await using server = await startChaosServer((peer) =>
      asks(peer.request.body) ? peer.respond(400, JSON_TYPE, refusal) : sendWholeAnswer(peer),
    );
    assertComplete(await ask(server, { memory }), TEXT);
    assertComplete(await ask(server, { memory }), TEXT);
    assert.deepEqual(
      server.requests.map((request) => asks(request.body)),
      [true, false, false],
    );
  });

  it("fails none of the requests that were on their way when it refused the first", async () => {
    const waiting: (() => unknown)[] = [];
    await using server = await startChaosServer(async (peer) => {
      if (!asks(peer.request.body)) return sendWholeAnswer(peer);
      waiting.push(() => peer.respond(400, JSON_TYPE, refusal));
      if (waiting.length === 3) await Promise.all(waiting.map((refuse) => refuse()));
    });
    const memory = {};
    const told = await Promise.all([1, 2, 3].map(() => ask(server, { memory })));
    for (const one of told) assertComplete(one, TEXT);
    assert.equal(server.requests.length, 6);
  });

  it("is remembered by its address where the caller keeps no memory", async () => {
    await using server = await startChaosServer((peer) =>
      asks(peer.request.body) ? peer.respond(400, JSON_TYPE, refusal) : sendWholeAnswer(peer),
    );
    for (const apiKey of ["one", "other"]) assertComplete(await ask(server, { apiKey, headers: {} }), TEXT);
    assert.equal(server.requests.length, 3);
  });

  it("is asked with them again where it was something else that it refused", async () => {
    const memory = {};
    await using server = await startChaosServer((peer) => peer.respond(400, JSON_TYPE, refusal));
    for (const _time of [1, 2]) {
      const refused = { phase: "headers", retryable: false, status: 400 } as const;
      assertFailed(await ask(server, { memory }), "invalid_request", refused);
    }
    assert.deepEqual(
      server.requests.map((request) => asks(request.body)),
      [true, false, true, false],
    );
  });

  it("and then hangs up, fails the second request and not the first", async () => {
    await using server = await startChaosServer((peer) =>
      asks(peer.request.body) ? peer.respond(400, JSON_TYPE, refusal) : peer.close(),
    );
    assertFailed(await ask(server), "connection", { phase: "headers", retryable: true });
    assert.equal(server.requests.length, 2);
  });

  it("and then says nothing, is waited for as long as any service", async () => {
    await using server = await startChaosServer((peer) =>
      asks(peer.request.body) ? peer.respond(400, JSON_TYPE, refusal) : peer.waitUntilGone(),
    );
    const told = await ask(server, { timeouts: { drain: 10, headers: 60 } });
    assertFailed(told, "timeout", { phase: "headers", retryable: true });
  });

  it("can be cancelled between the two", async () => {
    await using server = await startChaosServer(async (peer) => {
      if (asks(peer.request.body)) await peer.respond(400, JSON_TYPE, refusal);
      else {
        asking.cancel();
        await peer.waitUntilGone();
      }
    });
    const asking = start(server);
    assert.equal((await asking.told).result.outcome, "cancelled");
    // The connection of the first may be kept, for it ended well.
    await until(() => server.peers.size <= 1, "the second request's connection is gone");
  });
});
