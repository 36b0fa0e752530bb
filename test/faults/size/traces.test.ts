import assert from "node:assert/strict";
import { buildEmptyResult } from "../../../src/client/chat-types.js";
import { describeContent } from "../../../src/node-red/traces/content.js";
import { findFailedSpan, rememberFailedSpan } from "../../../src/node-red/traces/failed-spans.js";

const describeLong = (messages: readonly object[]) =>
  describeContent(
    {
      provider: "custom",
      endpoint: { baseUrl: "http://localhost/v1" },
      request: { model: "m", messages: messages as { role: string }[] },
      attempt: 1,
      isReplayed: false,
    },
    buildEmptyResult("complete"),
  );

describe("What traces keep", () => {
  it("S19: is 65,536 characters of a conversation, the newest messages, and valid JSON", () => {
    const messages = Array.from({ length: 2_000 }, (_, at) => ({
      role: "user",
      content: `${at} ${"x".repeat(9_000)}`,
    }));
    const text = String(describeLong(messages)["gen_ai.input.messages"]);
    assert.ok(text.length <= 65_600, `${text.length} characters`);
    const kept = JSON.parse(text) as { parts: { content: string }[] }[];
    assert.ok(kept.length > 10);
    assert.match(kept.at(-1)!.parts[0]!.content, /^1999 x+…$/);
  });

  it("S19: names pictures and sound, and has none of their data", () => {
    const content = [
      { type: "text", text: "What is this?" },
      { type: "image_url", image_url: { url: `data:image/png;base64,${"A".repeat(100_000)}` } },
      { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } },
    ];
    const text = String(describeLong([{ role: "user", content }])["gen_ai.input.messages"]);
    assert.deepEqual(JSON.parse(text), [
      {
        role: "user",
        parts: [{ type: "text", content: "What is this?" }, { type: "image_url" }, { type: "input_audio" }],
      },
    ]);
  });

  it("S19: is bounded in the number of failed spans, the newest", () => {
    const remember = (id: string) =>
      rememberFailedSpan({ spanContext: () => ({ spanId: id }) } as never, {} as never, "timeout");
    const toId = (at: number) => at.toString(16).padStart(16, "0");
    for (let at = 1; at <= 1_500; at++) remember(toId(at));
    const find = (at: number) => findFailedSpan(`00-0af7651916cd43dd8448eb211c80319c-${toId(at)}-01`);
    assert.equal(find(500), undefined);
    assert.equal(find(501)!.code, "timeout");
    for (const odd of [undefined, 7, {}, "", "00", `00-${"-".repeat(1_000_000)}`])
      assert.equal(findFailedSpan(odd), undefined);
  });
});
