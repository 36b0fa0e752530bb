import fc from "fast-check";
import type {
  Chunk,
  Completion,
  Delta,
  ToolCall,
  ToolCallDelta,
  Usage,
} from "../../../src/core/chat/chunk.js";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import type {
  AnswerEnd,
  AnswerName,
  FormRequest,
  RequestSource,
  WholeAnswer,
} from "../../../src/serving/form.js";
import { anyText } from "../inputs/arbitraries.js";

/** What a message of a stream brings: plain text, or a chunk with its text. */
export type Piece = string | { chunk: Chunk; text: string };

/** An answer on its way to a client. */
export interface AnswerStream {
  pieces: Piece[];
  end: AnswerEnd;
}

export const NAME: AnswerName = {
  id: "0d2b4f9e-6c0f-4f0e-9d55-0b3f5f6f2a11",
  created: 1_700_000_000,
  model: "house",
};

/** A request without a model in its address, of a client without earlier answers. */
export const SOURCE: RequestSource = { model: "", findItem: () => undefined };

/** Well-formed text: clients in other languages refuse half a character. */
const anyWords = anyText.map((text) => text.replace(/\p{Surrogate}/gu, "\ufffd"));

const createPiece = (delta: Delta, text = ""): Piece => ({ chunk: { choices: [{ index: 0, delta }] }, text });

interface Call {
  id: string;
  name: string;
  fragments: string[];
}

const anyCall: fc.Arbitrary<Call> = fc.record({
  id: fc.stringMatching(/^call_[a-z0-9]{4,12}$/),
  name: fc.stringMatching(/^[a-z][\w-]{0,20}$/),
  fragments: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), anyWords, { maxKeys: 3 }).chain((value) => {
    const json = JSON.stringify(value);
    return fc
      .array(fc.nat(json.length), { maxLength: 5 })
      .map((cuts) => [0, ...cuts.sort((a, b) => a - b), json.length])
      .map((cuts) => cuts.slice(1).map((end, at) => json.slice(cuts[at], end)));
  }),
});

/** Writes a call as services do: at once, or name first, or with an id on each piece. */
function writeCall({ id, name, fragments }: Call, index: number, manner: number): Piece[] {
  const write = (call: Partial<ToolCallDelta>) => createPiece({ tool_calls: [{ index, ...call }] });
  if (manner === 0)
    return [write({ id, type: "function", function: { name, arguments: fragments.join("") } })];
  const head = write({
    id,
    type: "function",
    function: { name, arguments: manner === 1 ? "" : fragments[0]! },
  });
  const rest = manner === 1 ? fragments : fragments.slice(1);
  return [
    head,
    ...rest.map((text) => write({ ...(manner === 3 ? { id } : {}), function: { arguments: text } })),
  ];
}

const anySpokenPiece: fc.Arbitrary<Piece> = fc.oneof(
  { weight: 6, arbitrary: anyWords },
  { weight: 2, arbitrary: anyWords.map((text) => createPiece({ reasoning_content: text })) },
  {
    weight: 1,
    arbitrary: fc.tuple(anyWords, anyWords).map(([a, b]) => createPiece({ reasoning_content: a }, b)),
  },
  { weight: 1, arbitrary: fc.constant(createPiece({})) },
);

export const anyUsage: fc.Arbitrary<Usage | null> = fc.oneof(
  fc.constant(null),
  fc.tuple(fc.nat(9999), fc.nat(9999)).map(([prompt, completion]) => ({
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
  })),
);

/** Any answer that is whole: text and reasoning, then perhaps tool calls. */
export const anyAnswer: fc.Arbitrary<AnswerStream> = fc
  .record({
    spoken: fc.array(anySpokenPiece, { maxLength: 12 }),
    calls: fc.array(fc.tuple(anyCall, fc.nat(3)), { maxLength: 3 }),
    usage: anyUsage,
    reason: fc.constantFrom("stop", "length", "content_filter"),
    isLong: fc.boolean(),
  })
  .map(({ spoken, calls, usage, reason, isLong }) => {
    const unique = [...new Map(calls.map((one) => [one[0].id, one])).values()];
    const pieces = [
      ...spoken,
      ...(isLong ? ["long 🙂 text ".repeat(2500)] : []),
      ...unique.flatMap(([call, manner], index) => writeCall(call, index, manner)),
    ];
    return { pieces, end: { finishReason: unique.length > 0 ? "tool_calls" : reason, usage } };
  });

/** Puts an answer together as the collect node does. */
export function collectAnswer({ pieces }: AnswerStream): Completion {
  const machine = new CompletionMachine();
  for (const piece of pieces) {
    if (typeof piece === "string") machine.addText(piece);
    else machine.addChunk(structuredClone(piece.chunk), piece.text);
  }
  return machine.buildCompletion(NAME.id);
}

/** Writes the frames of an answer, as a client gets them. */
export function writeFrames(request: FormRequest, { pieces, end }: AnswerStream): string {
  const writer = request.createWriter(NAME);
  const beginning = writer.begin();
  const frames = pieces.map((piece) =>
    typeof piece === "string"
      ? writer.writeText(piece)
      : writer.writeChunk(structuredClone(piece.chunk), piece.text),
  );
  return [beginning, ...frames, writer.end(end)].join("");
}

/** What a client has to know of an answer's message. */
export function pickMessage(message: {
  content?: unknown;
  reasoning_content?: unknown;
  tool_calls?: readonly ToolCall[];
}) {
  return {
    content: message.content || "",
    reasoning: message.reasoning_content ?? "",
    calls: (message.tool_calls ?? []).map(({ id, function: call, custom }) => ({
      id,
      name: call?.name ?? custom?.name ?? "",
      text: call?.arguments ?? custom?.input ?? "",
    })),
  };
}

/** Builds the body of an answer that is not streamed. */
export function buildBody(request: FormRequest, answer: AnswerStream): unknown {
  const whole: WholeAnswer = { completion: collectAnswer(answer), end: answer.end };
  return request.buildBody!(NAME, whole);
}

/** The fetch of a client: answers every request with these frames. */
export function createFetch(frames: string, contentType = "text/event-stream"): typeof fetch {
  return async () => new Response(frames, { headers: { "content-type": contentType } });
}

/** The records of an event stream. */
export function parseEvents(frames: string): Record<string, unknown>[] {
  return frames
    .split("\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => JSON.parse(line.slice(6)) as Record<string, unknown>);
}
