import assert from "node:assert/strict";
import {
  type ChatMessage,
  type ChatOptions,
  type ChatParameters,
  type KnownProvider,
  PROVIDERS,
  type SpeechOptions,
  type ToolDefinition,
  type Usage,
} from "../../src/index.js";

/** A type that is exactly `true` if two types are the same. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
const check = <T extends true>(_isSame?: T) => {};

/** The literals of a union that also takes any text. */
type Literals<T> = T extends string ? (string extends T ? never : T extends `${infer L}` ? L : never) : never;

/** Every id that the type knows. A record, so that the compiler finds one that is missing or made up. */
const KNOWN: Record<Literals<KnownProvider>, true> = {
  demo: true,
  openai: true,
  openrouter: true,
  groq: true,
  mistral: true,
  deepseek: true,
  together: true,
  xai: true,
  lmstudio: true,
  llamacpp: true,
  vllm: true,
  litellm: true,
  "ollama-v1": true,
  custom: true,
  venice: true,
  anthropic: true,
  gemini: true,
  "azure-openai": true,
  ollama: true,
  choreoai: true,
  "saas-llm": true,
};

describe("The types of the library", () => {
  it("know the ids of all services that a program can ask by itself", () => {
    const ids = PROVIDERS.map(({ id }) => id).filter((id) => id !== "remote");
    assert.deepEqual(Object.keys(KNOWN).sort(), [...ids].sort());
  });

  it("offer known names, and take others", () => {
    const options: ChatOptions = { provider: "my-alias", messages: [{ role: "narrator", content: "Hi" }] };
    const parameters: ChatParameters = { temperature: 1, reasoning_effort: "ultra", logit_bias: { 5: 1 } };
    const tools: ToolDefinition[] = [
      { type: "function", function: { name: "f", parameters: { type: "object" } } },
      { type: "web_search", filters: [] },
      { googleSearch: {} },
    ];
    const speech: SpeechOptions = { provider: "openai", text: "Hi", format: "ulaw" };
    assert.ok(options && parameters && tools && speech);
  });

  it("find what is misspelt or of another kind", () => {
    // @ts-expect-error a misspelt option
    const misspelt: ChatOptions = { provider: "openai", messages: "Hi", temprature: 1 };
    // @ts-expect-error a provider that is neither an id nor a Provider
    const wrongProvider: ChatOptions = { provider: 7, messages: "Hi" };
    // @ts-expect-error a message without a role
    const noRole: ChatMessage = { content: "Hi" };
    // @ts-expect-error a number as text
    const parameters: ChatParameters = { temperature: "0.5" };
    // @ts-expect-error a function without a name
    const noName: ToolDefinition = { type: "function", function: { description: "f" } };
    // @ts-expect-error a text that is missing
    const noText: SpeechOptions = { provider: "openai" };
    assert.ok([misspelt, wrongProvider, noRole, parameters, noName, noText]);
  });

  it("know the counts of a usage", () => {
    check<Same<Usage["total_tokens"], number | undefined>>();
    check<Same<NonNullable<Usage["completion_tokens_details"]>["reasoning_tokens"], number | undefined>>();
    check<Same<Usage["anything_else"], unknown>>();
  });
});
