import assert from "node:assert/strict";
import fc from "fast-check";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import { checkEndpoint } from "../../../src/providers/check-endpoint.js";
import { getProvider } from "../../../src/providers/index.js";
import type { ApiForm } from "../../../src/providers/shared/endpoint.js";
import { type Answer, anyAnswer, RENDERERS, WHOLE_RENDERERS } from "../../support/inputs/any-dialect.js";
import { anyPieceLengths } from "../../support/inputs/cutting.js";
import { play } from "../../support/inputs/replay.js";
import { judgeRequest } from "../../support/services/responses-judge.js";

/** The services that a conversation may change to, each with its form. */
const SERVICES: readonly (readonly [id: string, api: ApiForm])[] = [
  ["openai", "responses"],
  ["openai", "chat"],
  ["azure-openai", "responses"],
  ["deepseek", "responses"],
  ["custom", "responses"],
  ["anthropic", "chat"],
  ["gemini", "chat"],
  ["ollama", "chat"],
];

/** What only the service that sent it can read, in the records of all dialects. */
const SECRET = "c2ln";

const DIALECTS = { ...RENDERERS, ...WHOLE_RENDERERS };

/** Reads an answer as a flow would, from the records of a service. */
function readAnswer(dialect: string, answer: Answer, lengths: readonly number[]): ChatMessage {
  const { body, contentType } = DIALECTS[dialect]!(answer, lengths);
  const tools = answer.calls.map(({ name }) => name);
  const type = contentType ? { contentType } : {};
  const { result } = play({ name: dialect, body, tools, expect: { texts: [] }, ...type });
  assert.equal(result.failure?.message, undefined);
  return result.completion.choices[0]!.message as unknown as ChatMessage;
}

/** Builds the next request of a conversation with this answer and the results of its calls. */
function buildNext(answer: ChatMessage, id: string, api: ApiForm): Record<string, unknown> {
  const provider = getProvider(id);
  const baseUrl = provider.baseUrl ?? "https://r.openai.azure.com";
  const endpoint = checkEndpoint(provider, { baseUrl, apiKey: "k", api: provider.forms ? api : "" });
  const calls = (answer["tool_calls"] ?? []) as { id: string }[];
  const messages: ChatMessage[] = [
    { role: "user", content: "Go on." },
    answer,
    ...calls.map((call, at) => ({ role: "tool", tool_call_id: call.id, content: `result ${at}` })),
    { role: "user", content: "And now?" },
  ];
  const { body } = provider.buildChatRequest({ model: "gpt-6", messages }, endpoint, {});
  return JSON.parse(body!) as Record<string, unknown>;
}

const escapeJson = (text: string) => JSON.stringify(text.trim()).slice(1, -1);

describe("An answer of any service in the next request to any other", () => {
  for (const [id, api] of SERVICES) {
    it(`keeps its text, its calls and their results: ${id} in ${api}`, () => {
      for (const dialect of Object.keys(DIALECTS))
        fc.assert(
          fc.property(anyAnswer, anyPieceLengths, (answer, lengths) => {
            const body = buildNext(readAnswer(dialect, answer, lengths), id, api);
            const json = JSON.stringify(body);
            assert.ok(json.includes(escapeJson(answer.texts.join(""))), `${dialect}: the text is in ${json}`);
            for (const [at, { name }] of answer.calls.entries())
              assert.ok(json.includes(`"${name}"`) && json.includes(`result ${at}`), `${dialect}: ${json}`);
          }),
          { numRuns: 30 },
        );
    });
  }

  for (const dialect of Object.keys(DIALECTS)) {
    it(`is accepted by OpenAI's rules for Responses, which gets what it can read alone: ${dialect}`, () => {
      fc.assert(
        fc.property(anyAnswer, anyPieceLengths, (answer, lengths) => {
          const body = buildNext(readAnswer(dialect, answer, lengths), "openai", "responses");
          const isOwn = dialect.startsWith("responses");
          const account = { encrypted: new Set(isOwn ? [SECRET] : []), plainModels: new Set() };
          assert.equal(judgeRequest(body, account)?.error.message, undefined);
          const hasSecret = JSON.stringify(body).includes(SECRET);
          if (!isOwn) assert.ok(!hasSecret);
          const isFollowed = answer.texts.length + answer.calls.length > 0;
          if (dialect === "responses") assert.equal(hasSecret, answer.reasoning.length > 0 && isFollowed);
        }),
        { numRuns: 100 },
      );
    });
  }
});
