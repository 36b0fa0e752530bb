import fc from "fast-check";
import type { Completion } from "../../../src/core/chat/chunk.js";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import type { Piece } from "../../../src/core/text/held-piece.js";
import { anyHardText } from "../inputs/hard-text.js";
import { createChunk } from "../services/scripted-service.js";

const anyShortText = anyHardText.map((text) => text.slice(0, 12));

/** Any piece: text, reasoning, tool calls, logprobs, another choice, a refusal, a role, citations or annotations. */
const anyPiece: fc.Arbitrary<Piece> = fc.oneof(
  { weight: 8, arbitrary: anyShortText.map((text): Piece => ({ text })) },
  {
    weight: 4,
    arbitrary: anyShortText.map(
      (text): Piece => ({ text: "", chunk: createChunk({ reasoning_content: text }) }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record({ call: fc.nat(2), text: anyShortText }).map(({ call, text }): Piece => {
      const calls = Array.from({ length: call + 1 }, (_none, index) => ({
        index,
        id: `call_${index}`,
        type: "function",
        function: { name: `f${index}`, arguments: index === call ? text : "" },
      }));
      return { text: "", chunk: createChunk({ tool_calls: calls }) };
    }),
  },
  {
    weight: 3,
    arbitrary: anyShortText.map(
      (text): Piece => ({
        text,
        chunk: createChunk({ content: text }, { logprobs: { content: [{ token: text }] } }),
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: anyShortText.map(
      (text): Piece => ({ text, chunk: createChunk({ content: text, reasoning_content: "hm" }) }),
    ),
  },
  {
    weight: 1,
    arbitrary: anyShortText.map(
      (text): Piece => ({ text: "", chunk: createChunk({ content: text }, { index: 1 }) }),
    ),
  },
  {
    weight: 1,
    arbitrary: anyShortText.map((text): Piece => ({ text: "", chunk: createChunk({ refusal: text }) })),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Piece>({ text: "", chunk: createChunk({ role: "assistant", content: "" }) }),
  },
  {
    weight: 1,
    arbitrary: fc
      .subarray(["https://a", "https://b"])
      .map((citations): Piece => ({ text: "", chunk: { ...createChunk({}), citations, choices: [] } })),
  },
  {
    weight: 1,
    arbitrary: fc.subarray(["https://a", "https://b"]).map(
      (urls): Piece => ({
        text: "x",
        chunk: createChunk({ content: "x", annotations: urls.map((url) => ({ url })) }),
      }),
    ),
  },
);

/** The pieces of a stream before its last message. */
export const anyPieces = fc.array(anyPiece, { maxLength: 40 });

/** Builds the completion from pieces, as `collect` does. */
export function assembleCompletion(pieces: readonly Piece[]): Completion {
  const machine = new CompletionMachine();
  for (const { text, chunk } of pieces) {
    if (chunk) machine.addChunk(chunk, text);
    else if (text !== "") machine.addText(text);
  }
  return machine.buildCompletion("seed");
}
