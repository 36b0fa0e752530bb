import assert from "node:assert/strict";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import { buildAnthropicConversation } from "../../../src/providers/anthropic/messages.js";

const PNG = "iVBORw0KGgo=";
const CACHE = { cache_control: { type: "ephemeral" } };

function user(content: unknown): ChatMessage {
  return { role: "user", content };
}

/** The blocks that a user's content becomes. */
function blocksOf(content: unknown): unknown {
  return buildAnthropicConversation([user(content)]).messages[0]!.content;
}

describe("A content part, as Anthropic gets it,", () => {
  it("is a picture, by its bytes or its address", () => {
    assert.deepEqual(
      blocksOf([
        { type: "text", text: "What is it?", ...CACHE },
        { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}`, detail: "high" }, ...CACHE },
        { type: "image_url", image_url: { url: "https://a/b.png" } },
        { type: "image_url", image_url: { url: `data:image/jpg;base64,${PNG}` } },
      ]),
      [
        { type: "text", text: "What is it?", ...CACHE },
        { type: "image", source: { type: "base64", media_type: "image/png", data: PNG }, ...CACHE },
        { type: "image", source: { type: "url", url: "https://a/b.png" } },
        { type: "image", source: { type: "base64", media_type: "image/jpeg", data: PNG } },
      ],
    );
  });

  it("is a document, by its bytes, its address or its id", () => {
    const text = Buffer.from("Größe;1").toString("base64");
    assert.deepEqual(
      blocksOf([
        {
          type: "file",
          file: { filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERi0=" },
          citations: { enabled: true },
        },
        { type: "file", file: { filename: "b.csv", file_data: text } },
        { type: "file", file: { file_data: "JVBERi0=" } },
        { type: "file", file: { file_id: "file_1" } },
        { type: "input_file", file_url: "https://a/c.pdf" },
        { type: "file", file: { filename: "d.png", file_data: PNG } },
      ]),
      [
        {
          type: "document",
          source: { type: "base64", media_type: "application/pdf", data: "JVBERi0=" },
          title: "a.pdf",
          citations: { enabled: true },
        },
        {
          type: "document",
          source: { type: "text", media_type: "text/plain", data: "Größe;1" },
          title: "b.csv",
        },
        { type: "document", source: { type: "base64", media_type: "application/pdf", data: "JVBERi0=" } },
        { type: "document", source: { type: "file", file_id: "file_1" } },
        { type: "document", source: { type: "url", url: "https://a/c.pdf" } },
        { type: "image", source: { type: "base64", media_type: "image/png", data: PNG } },
      ],
    );
  });

  it("is whatever the author writes in Anthropic's own way", () => {
    const own = {
      type: "search_result",
      source: "https://a",
      title: "A",
      content: [{ type: "text", text: "b" }],
    };
    assert.deepEqual(blocksOf([own]), [own]);
  });

  it("keeps what was kept of it as it is, though the mark for the cache goes there", () => {
    const kept = { type: "text" };
    const order = { anthropic_blocks: { "0": kept }, anthropic_order: [5, "block"] };
    buildAnthropicConversation([{ role: "assistant", content: "Hello", ...order, ...CACHE }, user("Hi")]);
    assert.deepEqual(kept, { type: "text" });
  });

  it("gets the message's mark for the cache where it is the last", () => {
    const { messages } = buildAnthropicConversation([{ role: "user", content: ["a", "b"], ...CACHE }]);
    assert.deepEqual(messages[0]!.content, [
      { type: "text", text: "a" },
      { type: "text", text: "b", ...CACHE },
    ]);
  });

  it("goes out as it is where its last block is one of the author's that says nothing", () => {
    const odd = { role: "assistant", content: "b", anthropic_blocks: { "0": { type: "text" } } };
    assert.deepEqual(buildAnthropicConversation([user("a"), odd]).messages.at(-1)!.content, [
      { type: "text", text: "b" },
      { type: "text" },
    ]);
  });

  it("of the author's is never changed", () => {
    const messages = [
      { role: "user", content: [{ type: "text", text: "a " }], ...CACHE },
      { role: "assistant", content: "b ", anthropic_blocks: { "0": { type: "x" } } },
    ];
    const before = structuredClone(messages);
    buildAnthropicConversation(messages);
    assert.deepEqual(messages, before);
  });
});
