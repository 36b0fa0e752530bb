import assert from "node:assert/strict";
import type { Dispatcher } from "undici";
import { buildSetup } from "../../src/chat-options.js";
import type { ChatResult } from "../../src/client/chat-types.js";
import { startRun } from "../../src/client/start-run.js";
import { createAgent } from "../../src/transport/agent.js";
import { formatEventStream } from "../support/inputs/openai-chunks.js";
import {
  createCallPart,
  createFinishRecord,
  createTextRecord,
  createThoughtRecord,
  type Part,
} from "../support/services/gemini-records.js";
import { formatGeminiUrl, GEMINI_KEY } from "../support/services/gemini-service.js";
import { ScriptedService } from "../support/services/scripted-service.js";

/** Creates the last record of a part that is not the last one. */
const createPause = (continuationToken?: string, parts: readonly Part[] = [{ text: "" }]) =>
  createFinishRecord("CONTINUATION", parts, continuationToken === undefined ? {} : { continuationToken });

describe("Long answer of Gemini that needs several requests", () => {
  let service: ScriptedService;
  let agent: Dispatcher;
  before(async () => {
    service = await ScriptedService.start();
    agent = createAgent({ connectTimeout: 5_000 });
  });
  after(async () => {
    await agent.destroy();
    await service.close();
  });

  /** Answers each request with the next list of records; the last one stays. */
  async function read(parts: readonly (readonly object[])[], parameters: object = {}) {
    const sent: Record<string, unknown>[] = [];
    service.script = (reply, { body }) => {
      const records = parts[Math.min(sent.length, parts.length - 1)]!;
      sent.push(body as Record<string, unknown>);
      reply.open({ "content-type": "text/event-stream" });
      reply.response.end(formatEventStream(...records));
    };
    let text = "";
    const options = {
      provider: "gemini",
      baseUrl: formatGeminiUrl(service),
      apiKey: GEMINI_KEY,
      model: "gemini-4-hydrogen",
      messages: "hi",
      parameters: { ...parameters },
      tools: [{ type: "function" as const, function: { name: "f" } }],
      dispatcher: agent,
    };
    const result = await new Promise<ChatResult>((onEnd) => {
      startRun(buildSetup(options, false), {
        onText: (piece) => {
          text += piece;
        },
        onChunk: (_chunk, piece) => {
          text += piece;
        },
        onEnd,
      });
    });
    return { result, text, sent };
  }

  it("sends the same request with the token of each part, and reads as one answer", async () => {
    const { result, text, sent } = await read(
      [
        [createThoughtRecord("Hm."), createTextRecord("I "), createTextRecord("look. "), createPause("t-1")],
        [createTextRecord("It is "), createTextRecord("so. "), createPause("t-2")],
        [createTextRecord("Really."), createFinishRecord()],
      ],
      { max_tokens: 99 },
    );
    assert.equal(result.outcome, "complete", result.failure?.message);
    assert.equal(text, "I look. It is so. Really.");
    assert.equal(result.finishReason, "stop");
    assert.equal(result.stats.attempts, 3);
    assert.equal((result.closing.usage!["earlier_parts"] as unknown[]).length, 2);
    assert.deepEqual(
      sent.map(({ continuationToken, ...rest }) => [continuationToken, rest]),
      [undefined, "t-1", "t-2"].map((token) => [token, { ...sent[0] }]),
    );
  });

  it("goes on behind a call, because more of the answer may be calls", async () => {
    const { result, sent } = await read([
      [createPause("t-1", [createCallPart("f", { a: 1 })])],
      [createFinishRecord("STOP", [createCallPart("f", { a: 2 })])],
    ]);
    assert.equal(sent.length, 2);
    assert.equal(result.finishReason, "tool_calls");
    const calls = result.completion.choices[0]!.message.tool_calls!;
    assert.deepEqual(
      calls.map((call) => call.function?.arguments),
      ['{"a":1}', '{"a":2}'],
    );
  });

  it("ends as length if no token came, or the same one again", async () => {
    const without = await read([[createTextRecord("a"), createPause()]]);
    assert.equal(without.sent.length, 1);
    assert.equal(without.result.finishReason, "length");
    const same = await read([[createTextRecord("a"), createPause("t")]]);
    assert.equal(same.sent.length, 2);
    assert.equal(same.text, "aa");
    assert.equal(same.result.finishReason, "length");
  });
});
