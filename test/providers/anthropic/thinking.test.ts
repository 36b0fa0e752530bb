import assert from "node:assert/strict";
import type { ChatRequest } from "../../../src/core/chat/request.js";
import { ANTHROPIC_PROVIDER } from "../../../src/providers/anthropic/provider.js";
import { assertFailure } from "../../support/assert-failure.js";

const ENDPOINT = { baseUrl: "https://api.anthropic.com/v1", apiKey: "sk-ant-1" };
const REQUEST: ChatRequest = { model: "claude-1", messages: [{ role: "user", content: "hi" }] };

function buildBody(request: Partial<ChatRequest>): Record<string, unknown> {
  const { body } = ANTHROPIC_PROVIDER.buildChatRequest({ ...REQUEST, ...request }, ENDPOINT, {});
  return JSON.parse(body!) as Record<string, unknown>;
}

function buildThinking(model: string, parameters: Record<string, unknown>) {
  const { max_tokens, thinking, output_config } = buildBody({ model, parameters });
  return { max_tokens, thinking, output_config };
}

function assertRefused(request: Partial<ChatRequest>, pattern: RegExp): void {
  assertFailure(() => buildBody(request), "invalid_request", pattern);
}

describe("Thinking requested from Anthropic", () => {
  it("gives older Anthropic models a thinking budget on top of the answer's tokens", () => {
    for (const model of [
      "claude-3-7-sonnet-latest",
      "claude-opus-4-20250514",
      "claude-sonnet-4-5-20250929",
      "us.anthropic.claude-haiku-4-5-20251001-v1:0",
      "MiniMax-M2",
    ]) {
      assert.deepEqual(
        buildThinking(model, { reasoning_effort: "medium" }),
        { max_tokens: 8192, thinking: { type: "enabled", budget_tokens: 4096 }, output_config: undefined },
        model,
      );
    }
  });

  it("keeps the thinking budget within the author's max_tokens", () => {
    const limitBudget = (max_tokens: number) =>
      buildThinking("claude-sonnet-4-5", { reasoning_effort: "high", max_tokens }).thinking;
    assert.deepEqual(limitBudget(4000), { type: "enabled", budget_tokens: 3000 });
    assert.deepEqual(limitBudget(1025), { type: "enabled", budget_tokens: 1024 });
    assert.deepEqual(limitBudget(64_000), { type: "enabled", budget_tokens: 16_384 });
    assertRefused(
      { model: "claude-sonnet-4-5", parameters: { reasoning_effort: "high", max_tokens: 1024 } },
      /thinks within max_tokens and needs at least 1024 tokens/,
    );
  });

  it("gives newer Anthropic models an effort word, and room for thinking on top of the answer", () => {
    const newest = { type: "adaptive", display: "summarized" };
    for (const [model, thinking] of [
      ["claude-opus-4-6", { type: "adaptive" }],
      ["claude-sonnet-4-6-20260101", { type: "adaptive" }],
      ["claude-opus-4-7", newest],
      ["claude-opus-5", newest],
      ["claude-haiku-4-10", newest],
      ["claude-next", newest],
    ] as const) {
      assert.deepEqual(
        buildThinking(model, { reasoning_effort: "minimal" }),
        { max_tokens: 5120, thinking, output_config: { effort: "low" } },
        model,
      );
    }
    const readMaxTokens = (parameters: object) =>
      buildThinking("claude-opus-4-7", { ...parameters }).max_tokens;
    assert.equal(readMaxTokens({ reasoning_effort: "high" }), 16_384 + 4096);
    assert.equal(readMaxTokens({ reasoning_effort: "high", max_tokens: 2000 }), 2000);
    assert.equal(readMaxTokens({ thinking: newest }), 16_384 + 4096);
    assert.equal(readMaxTokens({ thinking: newest, output_config: { effort: "low" } }), 1024 + 4096);
  });

  it("lowers an effort that the Anthropic model does not have", () => {
    const readEffort = (model: string) => buildThinking(model, { reasoning_effort: "xhigh" }).output_config;
    assert.deepEqual(readEffort("claude-opus-4-6"), { effort: "high" });
    assert.deepEqual(readEffort("claude-opus-4-7"), { effort: "xhigh" });
  });

  it("fails with invalid_request for parameters that Anthropic refuses together with thinking", () => {
    const tool_choice = "required";
    const thinking = { type: "adaptive" };
    for (const [parameters, pattern] of [
      [{ reasoning_effort: "low", temperature: 0.2 }, /a temperature other than 1 together with thinking/],
      [{ reasoning_effort: "low", top_k: 5 }, /top_k together with thinking/],
      [{ reasoning_effort: "low", top_p: 0.5 }, /top_p below 0\.95 together with thinking/],
      [{ reasoning_effort: "low", tool_choice }, /a tool choice that forces a call together with thinking/],
      [{ thinking, temperature: 0 }, /a temperature other than 1/],
    ] as const) {
      const tools = [{ name: "f", input_schema: { type: "object" } }];
      for (const model of ["claude-sonnet-4-5", "claude-opus-4-7"]) {
        assertRefused({ model, tools, parameters }, pattern);
      }
      buildBody({ model: "claude-opus-4-7", parameters: { ...parameters, thinking: { type: "disabled" } } });
      buildBody({ model: "MiniMax-M2", tools, parameters });
    }
    buildBody({ parameters: { reasoning_effort: "low", temperature: 1, top_p: 0.95, tool_choice: "auto" } });
  });

  it("disables thinking for the effort none, and refuses an unknown effort", () => {
    assert.deepEqual(buildThinking("claude-sonnet-4-5", { reasoning_effort: "none" }).thinking, {
      type: "disabled",
    });
    assertRefused({ parameters: { reasoning_effort: "very" } }, /reasoning_effort "very"/);
  });

  it("asks for the least thinking that the Anthropic model has, and says if it always thinks", () => {
    const parameters = { reasoning_effort: "none" };
    assert.deepEqual(buildThinking("claude-sonnet-5-5", parameters).thinking, { type: "between_tools" });
    assert.deepEqual(buildThinking("claude-haiku-5-5", parameters).thinking, { type: "disabled" });
    for (const model of ["claude-opus-5-5", "claude-fable-5", "claude-fable-5-2"])
      assertRefused({ model, parameters }, /"none" for claude.* It always thinks\. Use low\./);
  });

  it("leaves room for thinking to Anthropic models that think without being asked", () => {
    const readMaxTokens = (model: string, parameters: object = {}) =>
      buildThinking(model, { ...parameters }).max_tokens;
    assert.equal(readMaxTokens("claude-opus-4-8"), 4096);
    assert.equal(readMaxTokens("claude-sonnet-5"), 16_384 + 4096);
    assert.equal(readMaxTokens("claude-sonnet-5", { output_config: { effort: "low" } }), 1024 + 4096);
    assert.equal(readMaxTokens("claude-sonnet-5", { thinking: { type: "disabled" } }), 4096);
    assert.equal(readMaxTokens("claude-sonnet-5", { reasoning_effort: "none" }), 4096);
    assert.equal(readMaxTokens("claude-sonnet-5", { max_tokens: 50 }), 50);
  });
});
