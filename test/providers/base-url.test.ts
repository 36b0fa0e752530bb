import assert from "node:assert/strict";
import { checkEndpoint } from "../../src/providers/check-endpoint.js";
import { getProvider } from "../../src/providers/index.js";

/** Builds the address of a chat request for what an author pasted as the base URL. */
function findChatUrl(id: string, pasted: string): string {
  const provider = getProvider(id);
  const endpoint = checkEndpoint(provider, { baseUrl: pasted, apiKey: "k", settings: { team: "t" } });
  const request = { model: "m", messages: [{ role: "user", content: "hi" }] };
  const url = new URL(provider.buildChatRequest(request, endpoint, {}).url.href);
  return url.pathname;
}

describe("Base URL", () => {
  it("may be the address of an operation, of this form or another", () => {
    for (const [id, pasted, path] of [
      ["custom", "https://a.example/v1/chat/completions", "/v1/chat/completions"],
      ["custom", "https://a.example/v1/chat/completions/", "/v1/chat/completions"],
      ["custom", "https://a.example/v1/completions", "/v1/chat/completions"],
      ["custom", "https://a.example/v1/responses", "/v1/chat/completions"],
      ["custom", "https://a.example/v1/models", "/v1/chat/completions"],
      ["custom", "https://a.example/v1/messages", "/v1/chat/completions"],
      ["custom", "https://a.example/v1/embeddings", "/v1/chat/completions"],
      ["custom", "https://a.example/v1/audio/speech", "/v1/chat/completions"],
      ["custom", "http://127.0.0.1:11434/api/chat", "/v1/chat/completions"],
      ["ollama-v1", "http://127.0.0.1:11434/api/generate", "/v1/chat/completions"],
      ["anthropic", "https://a.example/anthropic/v1/messages", "/anthropic/v1/messages"],
      ["anthropic", "https://a.example/v1/messages/count_tokens", "/v1/messages"],
      ["anthropic", "https://a.example/v1/chat/completions", "/v1/messages"],
      ["anthropic", "https://a.example/v1/complete", "/v1/messages"],
      [
        "gemini",
        "https://a.example/v1beta/models/gemini-pro:streamGenerateContent?alt=sse",
        "/v1beta/models/m:streamGenerateContent",
      ],
      [
        "gemini",
        "https://a.example/v1beta/models/x:generateContent",
        "/v1beta/models/m:streamGenerateContent",
      ],
      [
        "gemini",
        "https://a.example/v1beta/openai/chat/completions",
        "/v1beta/models/m:streamGenerateContent",
      ],
      ["gemini", "https://a.example/v1beta/models", "/v1beta/models/m:streamGenerateContent"],
      ["ollama", "http://127.0.0.1:11434/api/chat", "/api/chat"],
      ["ollama", "http://127.0.0.1:11434/api/tags", "/api/chat"],
      ["ollama", "http://127.0.0.1:11434/v1/chat/completions", "/api/chat"],
    ] as const) {
      assert.equal(findChatUrl(id, pasted), path, `${id} ${pasted}`);
    }
  });

  it("keeps a path that only looks like an operation", () => {
    for (const [pasted, path] of [
      ["https://a.example/models", "/models/chat/completions"],
      ["https://a.example/chat", "/chat/chat/completions"],
      ["https://a.example/my-responses", "/my-responses/chat/completions"],
      ["https://a.example/api", "/api/chat/completions"],
    ] as const) {
      assert.equal(findChatUrl("custom", pasted), path, pasted);
    }
  });
});
