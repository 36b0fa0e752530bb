/// <reference path="red.d.ts" />

/** Words by which the filter of the palette finds the nodes of this package, besides their names. */
namespace PaletteWords {
  /** What all nodes are about. */
  const COMMON = "ai llm chat language model streaming";

  const WORDS: Readonly<Record<string, string>> = {
    "chat-stream":
      "openai gpt chatgpt azure anthropic claude google gemini ollama openrouter mistral deepseek groq xai grok venice llama vllm lm studio litellm completions responses",
    retry: "fallback resume error",
    "tool-call-router": "agent tools mcp function calling",
    "delta-buffer": "sentence typewriter token chunk",
    collect: "json schema join answer",
    budget: "cost price limit tokens usage",
    "speech-stream": "tts text to speech voice audio openai",
    "chat-in": "openai ollama api server endpoint webui",
    "chat-out": "openai ollama api server endpoint webui",
  };

  /** Adds the words to the entries that are there, and to those that come later. */
  export function add(): void {
    for (const type of Object.keys(WORDS)) addTo(type);
    RED.events.on("registry:node-type-added", addTo);
  }

  /** The filter compares its text with this attribute of an entry, which nothing shows. */
  function addTo(type: string): void {
    const words = WORDS[type];
    const entry = $(`.red-ui-palette-node[data-palette-type="${type}"]`);
    const label = entry.attr("data-palette-label");
    if (words === undefined || label === undefined || label.includes(words)) return;
    entry.attr("data-palette-label", `${label} ${COMMON} ${words}`);
  }
}
