import fc from "fast-check";
import type { Chunk, ChunkChoice, Completion, Delta } from "../../../src/core/chat/chunk.js";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import type { Piece } from "../../../src/core/text/held-piece.js";
import { anyHardText } from "../inputs/hard-text.js";

/** A chunk that adds something to the first choice. */
export function createChunk(delta: Delta, rest: Partial<ChunkChoice> = {}): Chunk {
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model: "model-1",
    choices: [{ index: 0, delta, finish_reason: null, ...rest }],
  };
}

const text = anyHardText.map((said) => said.slice(0, 12));

/** What a message of a stream may bring. */
const anyPiece: fc.Arbitrary<Piece> = fc.oneof(
  { weight: 8, arbitrary: text.map((said): Piece => ({ text: said })) },
  {
    weight: 4,
    arbitrary: text.map((said): Piece => ({ text: "", chunk: createChunk({ reasoning_content: said }) })),
  },
  {
    weight: 3,
    arbitrary: fc.record({ call: fc.nat(2), said: text }).map(({ call, said }): Piece => {
      const calls = Array.from({ length: call + 1 }, (_none, index) => ({
        index,
        id: `call_${index}`,
        type: "function",
        function: { name: `f${index}`, arguments: index === call ? said : "" },
      }));
      return { text: "", chunk: createChunk({ tool_calls: calls }) };
    }),
  },
  {
    weight: 3,
    arbitrary: text.map(
      (said): Piece => ({
        text: said,
        chunk: createChunk({ content: said }, { logprobs: { content: [{ token: said }] } }),
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: text.map(
      (said): Piece => ({ text: said, chunk: createChunk({ content: said, reasoning_content: "hm" }) }),
    ),
  },
  {
    weight: 1,
    arbitrary: text.map((said): Piece => ({ text: "", chunk: createChunk({ content: said }, { index: 1 }) })),
  },
  { weight: 1, arbitrary: text.map((said): Piece => ({ text: "", chunk: createChunk({ refusal: said }) })) },
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

/** The pieces of a stream, before its last message. */
export const anyPieces = fc.array(anyPiece, { maxLength: 40 });

/** What a reader of the pieces makes of them. */
export function assembleCompletion(list: readonly Piece[]): Completion {
  const machine = new CompletionMachine();
  for (const { text: said, chunk } of list) {
    if (chunk) machine.addChunk(chunk, said);
    else if (said !== "") machine.addText(said);
  }
  return machine.buildCompletion("seed");
}
