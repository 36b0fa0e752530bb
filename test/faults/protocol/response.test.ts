import assert from "node:assert/strict";
import type { FailureCode } from "../../../src/index.js";
import { guardEachTest } from "../../support/runtime/guards.js";
import { FORMS } from "../../support/services/answer-writer.js";
import {
  DONE,
  formatAnswer,
  formatDelta,
  formatFinish,
  formatRecord,
  formatUsage,
  TEXT,
  USAGE,
  WORDS,
} from "../../support/services/answers.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import type { Peer } from "../../support/services/peer.js";
import { waitUntil } from "../../support/waiting.js";
import { ask, assertStreamComplete, assertStreamFailed } from "../../support/worlds/started-stream.js";

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

/** Starts a server that answers every request with this body. */
const serveBody = (text: string | Buffer, headers: Record<string, string> = SSE, status = 200) =>
  startChaosServer((peer) => peer.respond(status, headers, text));

describe("Response with a fault of the protocol", () => {
  guardEachTest();

  for (const api of FORMS) {
    it(`P01: fails with bad_response and names the content type, without reading the page, if a web page comes instead of a stream (${api})`, async () => {
      let written = 0;
      await using server = await startChaosServer(async (peer) => {
        await peer.sendHead(200, { "content-type": "text/html; charset=utf-8" });
        while (await peer.sendBody("<p>Please log in</p>".repeat(1_000)));
        written = peer.written;
      });
      const failure = assertStreamFailed(await ask(server, { api }), "bad_response", {
        phase: "first_chunk",
        retryable: false,
      });
      assert.match(failure.message, /text\/html/);
      assert.doesNotMatch(failure.message, /log in/);
      await server.waitUntilEmpty();
      await waitUntil(() => written > 0, "the server has seen the end");
    });

    for (const type of ["application/json", "text/plain", "text/event-stream"]) {
      it(`P01: fails with bad_response if a web page comes with the content type ${type} (${api})`, async () => {
        await using server = await serveBody("<!doctype html>\n<p>Please log in</p>\n", {
          "content-type": type,
        });
        const failure = assertStreamFailed(await ask(server, { api }), "bad_response", {
          phase: "first_chunk",
          retryable: false,
        });
        assert.match(failure.message, /web page.*base URL/);
      });
    }

    it(`P01: reads a path that does not exist from a plain text with status 200 (${api})`, async () => {
      for (const text of [
        "404 page not found",
        "Not Found",
        "Cannot POST /chat/completions",
        "Unknown endpoint",
      ]) {
        await using server = await serveBody(text, { "content-type": "text/plain" });
        assertStreamFailed(await ask(server, { api }), "not_found", {
          phase: "first_chunk",
          retryable: false,
        });
      }
    });
  }

  for (const type of ["application/json", "application/json; charset=utf-8", "text/plain", ""]) {
    it(`P02: takes a whole completion (${type || "no content type"}) as the answer to a request for a stream`, async () => {
      await using server = await serveBody(COMPLETION, type === "" ? {} : { "content-type": type });
      const answer = await ask(server);
      assertStreamComplete(answer, TEXT);
      assert.deepEqual(answer.texts, [TEXT]);
      const { completion } = answer.result;
      assert.deepEqual([completion.id, completion.model, completion.usage], ["chatcmpl-9", "m-9", USAGE]);
    });
  }

  it("P02: fails with interrupted if a whole completion breaks off at any place, and completes if all of it comes", async () => {
    const bytes = Buffer.from(COMPLETION);
    await using server = await startChaosServer(async (peer, at) => {
      await peer.sendHead(200, JSON_TYPE, bytes.length);
      await peer.sendBody(bytes.subarray(0, at * 40));
      if (at * 40 < bytes.length) peer.close();
    });
    for (let at = 0; at * 40 < bytes.length; at++) {
      assertStreamFailed(await ask(server), "interrupted", { phase: "first_chunk", retryable: true });
    }
    assertStreamComplete(await ask(server), TEXT);
  });

  const ERRORS: [string, FailureCode, boolean][] = [
    ['{"error":{"message":"The model gave up","type":"server_error"}}', "server_error", true],
    ['{"error":{"message":"bad key","code":"invalid_api_key"}}', "authentication", false],
    ['{"error":"Rate limit reached"}', "rate_limit", true],
    ['[{"error":{"code":503,"status":"UNAVAILABLE","message":"later"}}]', "overloaded", true],
    ['{"detail":"Not authenticated"}', "authentication", false],
  ];

  for (const [text, code, retryable] of ERRORS) {
    for (const api of FORMS) {
      it(`P03: fails with ${code} if the body of a 200 response is an error: ${text.slice(0, 40)} (${api})`, async () => {
        await using server = await serveBody(text, JSON_TYPE);
        const { failure } = (await ask(server, { api })).result;
        assert.deepEqual(
          [failure?.code, failure?.retryable, failure?.phase],
          [code, retryable, "first_chunk"],
        );
      });
    }
  }

  it("P03: finds an error that is written into an event stream without any framing", async () => {
    await using server = await serveBody('{"error":{"message":"Rate limit reached"}}\n');
    assertStreamFailed(await ask(server), "rate_limit", { phase: "first_chunk", retryable: true });
  });

  for (const after of [DONE, ""]) {
    it(`P04: ends the stream with an error record after any record${after && ", even if the end marker follows"}`, async () => {
      const records = formatAnswer(WORDS).slice(0, -1);
      await using server = await startChaosServer(async (peer, k) => {
        const error = 'event: error\ndata: {"error":{"message":"Rate limit reached"}}\n\n';
        await peer.respond(200, SSE, records.slice(0, k).join("") + error + formatDelta("too late") + after);
      });
      for (let k = 0; k <= records.length; k++) {
        const partial = WORDS.slice(0, Math.max(0, k - 1)).join("");
        const phase = partial === "" ? "first_chunk" : "streaming";
        assertStreamFailed(await ask(server), "rate_limit", { phase, retryable: true, partial });
      }
    });
  }

  it("P05: fails with bad_response on a malformed record, or counts it as skipped if the request is tolerant", async () => {
    const text = `${formatDelta("a")}data: {"choices":[{"delta":{"content":"lost-text"}]}\n\n${formatDelta("b")}${formatFinish()}${DONE}`;
    await using server = await serveBody(text);
    const failure = assertStreamFailed(await ask(server), "bad_response", {
      phase: "streaming",
      retryable: true,
      partial: "a",
    });
    assert.doesNotMatch(failure.message, /lost-text/, "the model's text must not get into a log");
    const answer = await ask(server, { tolerant: true });
    assertStreamComplete(answer, "ab");
    assert.equal(answer.result.skipped, 1);
  });

  it("P08: reads the same answer with CR, LF or CRLF, comments, event ids, retry fields and a byte order mark", async () => {
    const bare = formatAnswer(WORDS).join("");
    const dressed = `\ufeff: hello\nid: 1\nretry: 5\n${bare.replaceAll("data: ", ": note\nevent: \nid: x\ndata:")}`;
    const forms = [bare, dressed, `: c\n${bare}`]
      .flatMap((text) => [text, text.replaceAll("\n", "\r\n"), text.replaceAll("\n", "\r")])
      .map((text) => Buffer.from(text));
    await using server = await startChaosServer((peer, nth) =>
      peer.respond(200, SSE, forms[nth % forms.length]!),
    );
    for (const form of forms) {
      const answer = await ask(server);
      assert.equal(answer.text, TEXT, JSON.stringify(form.toString().slice(0, 60)));
      assert.deepEqual(answer.result.completion.usage, USAGE);
    }
    assert.equal(server.requests.length, forms.length, "a retry field causes no second request");
  });

  it("P09: counts the last record even without its blank line or line end", async () => {
    for (const tail of ["data: [DONE]", "data: [DONE]\n", "data: [DONE]\r", formatFinish().trimEnd()]) {
      await using server = await serveBody(formatDelta("all") + tail);
      assert.deepEqual([(await ask(server)).result.outcome, tail], ["complete", tail]);
    }
    await using server = await serveBody(formatDelta("a") + formatDelta("b").trimEnd());
    assertStreamFailed(await ask(server), "interrupted", {
      phase: "streaming",
      retryable: true,
      partial: "ab",
    });
  });

  it("P10: replaces invalid UTF-8 by the replacement character and goes on with the stream", async () => {
    const [before, after] = formatDelta("a?z").split("?") as [string, string];
    await using server = await serveBody(
      Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(after + formatDelta("!") + DONE)]),
    );
    assertStreamComplete(await ask(server), "a\ufffdz!", "unknown");
  });

  it("P17, P18: completes a stream at the end marker without a finish reason, and ignores what follows", async () => {
    await using server = await serveBody(
      formatDelta("all") + DONE + formatDelta("more") + formatFinish("length") + formatUsage(),
    );
    const answer = await ask(server);
    assertStreamComplete(answer, "all", "unknown");
    assert.equal(answer.result.completion.choices[0]?.finish_reason, null);
    assert.equal(answer.result.completion.usage, null);
  });

  it("P20: completes with an empty answer if only the end marker comes", async () => {
    await using server = await serveBody(DONE);
    const answer = await ask(server);
    assertStreamComplete(answer, "", "unknown");
    assert.equal(answer.result.stats.firstTokenMs, null);
  });

  const WITHOUT_ANSWER: [string, (peer: Peer) => Promise<unknown>][] = [
    ["an empty stream", (peer) => peer.respond(200, SSE, "")],
    ["only comments", (peer) => peer.respond(200, SSE, ": hi\n\n: ho\n\n")],
    ["only a role", (peer) => peer.respond(200, SSE, formatAnswer([])[0]!)],
    ["empty JSON", (peer) => peer.respond(200, JSON_TYPE, "")],
    ["no content", (peer) => peer.write("HTTP/1.1 204 No Content\r\n\r\n")],
    ["nothing at all", (peer) => peer.respond(200, {}, "")],
  ];
  for (const [content, reply] of WITHOUT_ANSWER) {
    it(`P20: fails with interrupted, instead of an empty answer, after ${content}`, async () => {
      await using server = await startChaosServer(reply);
      assertStreamFailed(await ask(server), "interrupted", { phase: "first_chunk", retryable: true });
    });
  }

  it("P21: sends no message for a role or empty texts, so that a failure after them is still in the first-chunk phase", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(
        formatAnswer([""]).slice(0, 2).join("") + formatRecord({ choices: [{ delta: { content: null } }] }),
      );
      peer.close();
    });
    const answer = await ask(server);
    assertStreamFailed(answer, "interrupted", { phase: "first_chunk", retryable: true });
    assert.deepEqual(answer.texts, []);
  });

  it("reads an event stream that has no content type", async () => {
    await using server = await serveBody(formatAnswer(WORDS).join(""), {});
    assertStreamComplete(await ask(server), TEXT);
  });

  it("connects again for each request if the service closes the connection after each answer", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead("close");
      await peer.sendBody(formatAnswer(WORDS).join(""));
      await peer.endBody();
    });
    for (let round = 0; round < 5; round++) assertStreamComplete(await ask(server), TEXT);
  });
});
