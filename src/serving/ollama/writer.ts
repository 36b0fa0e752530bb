import type { Chunk, Usage } from "../../core/chat/chunk.js";
import { Failure } from "../../core/failure.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import { AnswerParts, type PartStep } from "../answer-parts.js";
import { describeFailure } from "../client-failure.js";
import type { AnswerEnd, AnswerName, FrameWriter, WholeAnswer } from "../form.js";
import { formatIsoTime } from "../iso-time.js";
import type { ToolStep } from "../tool-steps.js";
import { readCounts } from "../usage.js";

/** Where a record has its text: `/api/chat` in a message, `/api/generate` at its top. */
export type OllamaKind = "chat" | "generate";

/** A whole call, in Ollama's words. */
interface OllamaCall {
  id: string;
  function: { index: number; name: string; arguments: Record<string, unknown> };
}

interface OllamaContent {
  text?: string;
  thinking?: string;
  calls?: OllamaCall[];
}

const NANOSECONDS_PER_MS = 1_000_000;

/** Writes the lines of Ollama. Every line has all fields that the strictest clients need. */
export class OllamaWriter implements FrameWriter {
  private readonly parts: AnswerParts;
  private readonly envelope: object;

  constructor(
    name: AnswerName,
    private readonly kind: OllamaKind,
  ) {
    this.envelope = createEnvelope(name);
    this.parts = new AnswerParts(name.id);
  }

  begin(): string {
    return "";
  }

  writeText(text: string): string {
    return this.writeSteps(this.parts.addText(text));
  }

  writeChunk(chunk: Chunk, text: string): string {
    return this.writeSteps(this.parts.addChunk(chunk, text));
  }

  /** Nothing: clients run the calls that they get. */
  writeTool(): string {
    return "";
  }

  restart(): undefined {}

  end(end: AnswerEnd): string {
    if (end.failure) return formatError(end);
    const calls = this.parts
      .end()
      .flatMap((step) => (step.type === "call" && step.call.type === "finish" ? [step.call] : []));
    const read = readCalls(calls, end.finishReason);
    if (read instanceof Failure) return formatError({ ...end, failure: read.toJSON() });
    return (read.length > 0 ? this.writeLine({ calls: read }) : "") + this.writeLast(end);
  }

  /** An empty text. Some clients cannot read an empty line. */
  keepAlive(): string {
    return this.writeLine({ text: "" });
  }

  private writeSteps(steps: readonly PartStep[]): string {
    return steps
      .flatMap((step) =>
        step.type === "delta"
          ? [this.writeLine(step.kind === "text" ? { text: step.text } : { thinking: step.text })]
          : [],
      )
      .join("");
  }

  private writeLine(content: OllamaContent): string {
    // Not a spread: on Node.js 20, each property that is added to such a copy costs over 1 µs.
    const line = Object.assign({}, this.envelope, buildContent(this.kind, content), { done: false });
    return `${JSON.stringify(line)}\n`;
  }

  private writeLast(end: AnswerEnd): string {
    return `${JSON.stringify({ ...this.envelope, ...buildContent(this.kind, {}), ...buildEnd(end) })}\n`;
  }
}

/** Builds the body of an answer that is not streamed. @throws Failure `bad_response` if a call has no JSON object */
export function buildOllamaAnswer(
  name: AnswerName,
  { completion, end }: WholeAnswer,
  kind: OllamaKind,
): object {
  const message = completion.choices[0]?.message;
  const calls = (message?.tool_calls ?? []).map((call, index) => ({
    type: "finish" as const,
    index,
    isCustom: call.custom !== undefined,
    id: call.id,
    name: call.function?.name ?? call.custom?.name ?? "",
    arguments: call.function?.arguments ?? call.custom?.input ?? "",
  }));
  const read = readCalls(calls, end.finishReason);
  if (read instanceof Failure) throw read;
  const content: OllamaContent = {
    text: message?.content || message?.refusal || "",
    ...(message?.reasoning_content ? { thinking: message.reasoning_content } : {}),
    ...(read.length > 0 ? { calls: read } : {}),
  };
  return { ...createEnvelope(name), ...buildContent(kind, content), ...buildEnd(end) };
}

/** Builds the line that answers a request to load or unload a model. */
export function buildLoadedLine(name: AnswerName, kind: OllamaKind, isUnloaded: boolean): object {
  const reason = isUnloaded ? "unload" : "load";
  return { ...createEnvelope(name), ...buildContent(kind, {}), done: true, done_reason: reason };
}

function createEnvelope({ model, created }: AnswerName): object {
  return { model, created_at: formatIsoTime(created) };
}

function buildContent(kind: OllamaKind, { text = "", thinking, calls }: OllamaContent): object {
  const more = { ...(thinking ? { thinking } : {}), ...(calls ? { tool_calls: calls } : {}) };
  return kind === "chat"
    ? { message: { role: "assistant", content: text, ...more } }
    : { response: text, ...more };
}

function buildEnd({ finishReason, usage, durationMs = 0 }: AnswerEnd): object {
  const duration = Math.round(durationMs * NANOSECONDS_PER_MS);
  return {
    done: true,
    done_reason: finishReason === "length" ? "length" : "stop",
    total_duration: duration,
    load_duration: 0,
    ...buildCounts(usage, duration),
  };
}

function buildCounts(usage: Usage | null, duration: number): object {
  const counts = readCounts(usage);
  if (!counts) return {};
  return {
    prompt_eval_count: counts.prompt,
    prompt_eval_duration: 0,
    eval_count: counts.completion,
    eval_duration: duration,
  };
}

/** Reads the arguments of whole calls. A call that the end of an answer has cut off is left out. */
function readCalls(
  calls: readonly Extract<ToolStep, { type: "finish" }>[],
  finishReason: string,
): OllamaCall[] | Failure {
  const read: OllamaCall[] = [];
  for (const { index, id, name, isCustom, arguments: text } of calls) {
    const value = isCustom ? { input: text } : tryParseJson(text);
    if (isObject(value)) read.push({ id, function: { index, name, arguments: value } });
    else if (finishReason !== "length")
      return new Failure("bad_response", `The arguments of the call of “${name}” are not a JSON object.`);
  }
  return read;
}

function formatError({ failure }: AnswerEnd): string {
  return `${JSON.stringify({ error: describeFailure(failure!).message })}\n`;
}
