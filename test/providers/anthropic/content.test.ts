import assert from "node:assert/strict";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import { buildAnthropicConversation } from "../../../src/providers/anthropic/messages.js";

const PNG = "iVBORw0KGgo=";
const CACHE = { cache_control: { type: "ephemeral" } };

function createUserMessage(content: unknown): ChatMessage {
  return { role: "user", content };
}

/** Builds the blocks of a user's content. */
function buildBlocks(content: unknown): unknown {
  return buildAnthropicConversation([createUserMessage(content)]).messages[0]!.content;
}

describe("Content parts for Anthropic", () => {
  it("sends an image to Anthropic as bytes or URL, with its cache_control", () => {
    assert.deepEqual(
      buildBlocks([
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

  it("sends a file to Anthropic as bytes, text, URL or file id", () => {
    const text = Buffer.from("Größe;1").toString("base64");
    assert.deepEqual(
      buildBlocks([
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

  it("sends a part in Anthropic's own form unchanged", () => {
    const searchResult = {
      type: "search_result",
      source: "https://a",
      title: "A",
      content: [{ type: "text", text: "b" }],
    };
    assert.deepEqual(buildBlocks([searchResult]), [searchResult]);
  });

  it("does not change a message's anthropic_blocks when it sets cache_control on the last block", () => {
    const block = { type: "text" };
    const order = { anthropic_blocks: { "0": block }, anthropic_order: [5, "block"] };
    buildAnthropicConversation([
      { role: "assistant", content: "Hello", ...order, ...CACHE },
      createUserMessage("Hi"),
    ]);
    assert.deepEqual(block, { type: "text" });
  });

  it("puts the message's cache_control on the last content block", () => {
    const { messages } = buildAnthropicConversation([{ role: "user", content: ["a", "b"], ...CACHE }]);
    assert.deepEqual(messages[0]!.content, [
      { type: "text", text: "a" },
      { type: "text", text: "b", ...CACHE },
    ]);
  });

  it("sends an incomplete text block of anthropic_blocks unchanged", () => {
    const incomplete = { role: "assistant", content: "b", anthropic_blocks: { "0": { type: "text" } } };
    assert.deepEqual(
      buildAnthropicConversation([createUserMessage("a"), incomplete]).messages.at(-1)!.content,
      [{ type: "text", text: "b" }, { type: "text" }],
    );
  });

  it("never changes the author's messages", () => {
    const messages = [
      { role: "user", content: [{ type: "text", text: "a " }], ...CACHE },
      { role: "assistant", content: "b ", anthropic_blocks: { "0": { type: "x" } } },
    ];
    const before = structuredClone(messages);
    buildAnthropicConversation(messages);
    assert.deepEqual(messages, before);
  });
});
