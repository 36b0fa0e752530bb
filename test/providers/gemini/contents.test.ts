import assert from "node:assert/strict";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import type { ChatRequest } from "../../../src/core/chat/request.js";
import { getProvider } from "../../../src/providers/index.js";
import { assertFailure } from "../../support/assert-failure.js";

const gemini = getProvider("gemini");
const ENDPOINT = { baseUrl: gemini.baseUrl!, apiKey: "key-1" };
const HI: ChatMessage = { role: "user", content: "Hi" };
const REQUEST: ChatRequest = { model: "gemini-2.5-flash", messages: [HI] };

const buildBody = (request: Partial<ChatRequest>) => {
  const { body } = gemini.buildChatRequest({ ...REQUEST, ...request }, ENDPOINT, {});
  return JSON.parse(body!) as Record<string, unknown>;
};
const buildContents = (...messages: ChatMessage[]) => buildBody({ messages })["contents"];
const buildParts = (...content: unknown[]) =>
  (buildContents({ role: "user", content }) as { parts: unknown[] }[])[0]!.parts;
const assertRefused = (request: Partial<ChatRequest>, pattern: RegExp) =>
  assertFailure(() => buildBody(request), "invalid_request", pattern);

const createCall = (id: string, args: string, more: object = {}) => ({
  id,
  type: "function",
  function: { name: "get_weather", arguments: args },
  ...more,
});

describe("Conversation for Gemini", () => {
  it("moves system messages into Gemini's systemInstruction", () => {
    const { systemInstruction, contents } = buildBody({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "developer", content: [{ type: "text", text: "Be kind." }] },
        HI,
        { role: "assistant", content: "Hello." },
        HI,
      ],
    });
    assert.deepEqual(systemInstruction, { parts: [{ text: "Be brief." }, { text: "Be kind." }] });
    assert.deepEqual(contents, [
      { role: "user", parts: [{ text: "Hi" }] },
      { role: "model", parts: [{ text: "Hello." }] },
      { role: "user", parts: [{ text: "Hi" }] },
    ]);
  });

  it("puts system messages before the user's text for Gemma, which has no systemInstruction", () => {
    const system: ChatMessage = { role: "system", content: "Be brief." };
    assert.deepEqual(buildBody({ model: "gemma-3-27b-it", messages: [system, HI] }), {
      contents: [{ role: "user", parts: [{ text: "Be brief." }, { text: "Hi" }] }],
    });
    const answer: ChatMessage = { role: "assistant", content: "Hello." };
    assert.deepEqual(
      buildBody({ model: "models/gemma-3-27b-it", messages: [system, answer, HI] })["contents"],
      [
        { role: "user", parts: [{ text: "Be brief." }] },
        { role: "model", parts: [{ text: "Hello." }] },
        { role: "user", parts: [{ text: "Hi" }] },
      ],
    );
  });

  it("sends Gemini past calls with their signatures, and their results together under the tools' names", () => {
    const contents = buildContents(
      HI,
      {
        role: "assistant",
        content: null,
        reasoning_content: "not sent",
        tool_calls: [
          createCall("a", '{"city":"Bonn"}', { extra_content: { google: { thought_signature: "c2ln" } } }),
          createCall("b", "broken {"),
          createCall("", ""),
        ],
      },
      { role: "tool", tool_call_id: "b", content: '{"error":"no JSON"}' },
      { role: "tool", tool_call_id: "a", content: "sunny" },
      { role: "user", content: "And?" },
      {
        role: "assistant",
        content: "Sun.",
        reasoning_details: [
          { type: "reasoning.encrypted", data: "other", format: "anthropic-claude-v1" },
          { type: "reasoning.encrypted", data: "dGV4dA==", format: "google-gemini-v1" },
        ],
      },
      { role: "tool", name: "own", tool_call_id: "lost", content: "[1]" },
    );
    assert.deepEqual(contents, [
      { role: "user", parts: [{ text: "Hi" }] },
      {
        role: "model",
        parts: [
          {
            functionCall: { id: "a", name: "get_weather", args: { city: "Bonn" } },
            thoughtSignature: "c2ln",
          },
          { functionCall: { id: "b", name: "get_weather", args: { INVALID_JSON: "broken {" } } },
          { functionCall: { name: "get_weather", args: {} } },
        ],
      },
      {
        role: "user",
        parts: [
          { functionResponse: { id: "b", name: "get_weather", response: { error: "no JSON" } } },
          { functionResponse: { id: "a", name: "get_weather", response: { result: "sunny" } } },
        ],
      },
      { role: "user", parts: [{ text: "And?" }] },
      { role: "model", parts: [{ text: "Sun.", thoughtSignature: "dGV4dA==" }] },
      { role: "user", parts: [{ functionResponse: { id: "lost", name: "own", response: { result: [1] } } }] },
    ]);
    assertRefused({ messages: [HI, { role: "tool", tool_call_id: "x", content: "1" }] }, /Message 1 .*"x"/);
  });

  it("sends pictures and files in a tool's result to Gemini models after 2.5, and refuses them for earlier ones", () => {
    const messages: ChatMessage[] = [
      HI,
      { role: "assistant", content: null, tool_calls: [createCall("a", "{}")] },
      {
        role: "tool",
        tool_call_id: "a",
        content: [
          { type: "text", text: '{"sky":"blue"}' },
          { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
        ],
      },
    ];
    const contents = buildBody({ model: "gemini-3-pro", messages })["contents"] as { parts: unknown[] }[];
    assert.deepEqual(contents.at(-1)!.parts, [
      {
        functionResponse: {
          id: "a",
          name: "get_weather",
          response: { sky: "blue" },
          parts: [{ inlineData: { mimeType: "image/png", data: "AAAA" } }],
        },
      },
    ]);
    assertRefused({ messages }, /an image in a message of the role tool/);
  });

  it("signs another service's calls with a placeholder for Gemini models after 2.5", () => {
    const call = {
      role: "assistant",
      content: null,
      tool_calls: [createCall("a", "{}"), createCall("b", "{}")],
    };
    const signatures = (model: string) => {
      const { contents } = buildBody({ model, messages: [HI, call] });
      const [, answer] = contents as { parts: Record<string, unknown>[] }[];
      return answer!.parts.map((part) => part["thoughtSignature"]);
    };
    assert.deepEqual(signatures("gemini-3-pro"), ["skip_thought_signature_validator", undefined]);
    assert.deepEqual(signatures("gemini-2.5-pro"), [undefined, undefined]);
    assert.deepEqual(signatures("gemini-robotics-er-1.5-preview"), [undefined, undefined]);
  });

  it("sends Gemini a generated image back with its signature", () => {
    const image = { type: "image_url", image_url: { url: "data:image/png;base64,aW1n" } };
    const drawn = { ...image, extra_content: { google: { thought_signature: "c2ln" } } };
    assert.deepEqual(buildContents(HI, { role: "assistant", content: "", images: [drawn] }), [
      { role: "user", parts: [{ text: "Hi" }] },
      {
        role: "model",
        parts: [{ inlineData: { mimeType: "image/png", data: "aW1n" }, thoughtSignature: "c2ln" }],
      },
    ]);
  });

  it("sends Gemini the code that it ran back before its text", () => {
    const ran = { executableCode: { language: "PYTHON", code: "1+1" }, thoughtSignature: "cnVu" };
    const came = { codeExecutionResult: { outcome: "OUTCOME_OK", output: "2" } };
    const answer = { role: "assistant", content: "It is 2.", gemini_parts: { 0: ran, 1: came } };
    assert.deepEqual((buildContents(HI, answer) as unknown[]).at(-1), {
      role: "model",
      parts: [ran, came, { text: "It is 2." }],
    });
  });

  it("sends Gemini images, files, audio and video as bytes or by URL", () => {
    assert.deepEqual(
      buildParts(
        "What is this?",
        { type: "image_url", image_url: { url: "data:image/png;base64,aW1n" } },
        { type: "image_url", image_url: { url: "https://host/a.JPG?x=1" } },
        { type: "input_audio", input_audio: { data: "YQ==", format: "wav" } },
        { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,cGRm" } },
        { type: "file", file: { file_id: "https://host/v1beta/files/1" } },
        { type: "video_url", video_url: { url: "https://www.youtube.com/watch?v=1" } },
        { fileData: { fileUri: "gs://bucket/a.mp4", mimeType: "video/mp4" } },
      ),
      [
        { text: "What is this?" },
        { inlineData: { mimeType: "image/png", data: "aW1n" } },
        { fileData: { mimeType: "image/jpeg", fileUri: "https://host/a.JPG?x=1" } },
        { inlineData: { mimeType: "audio/wav", data: "YQ==" } },
        { inlineData: { mimeType: "application/pdf", data: "cGRm" } },
        { fileData: { fileUri: "https://host/v1beta/files/1" } },
        { fileData: { fileUri: "https://www.youtube.com/watch?v=1" } },
        { fileData: { fileUri: "gs://bucket/a.mp4", mimeType: "video/mp4" } },
      ],
    );
  });
});
