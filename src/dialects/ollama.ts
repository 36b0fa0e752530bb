import type {
  Chunk,
  ChunkChoice,
  Delta,
  DeltaText,
  Logprobs,
  ToolCallDelta,
  Usage,
} from "../core/chat/chunk.js";
import { buildFinishFields } from "../core/chat/finish-reason.js";
import { Failure } from "../core/failure.js";
import { isObject } from "../core/json/parse.js";
import { isRichChoice, sendPiece, toChunkKind } from "./chunk-kind.js";
import type { DecoderSink, ForeignDialect, ForeignReader, ReaderOptions } from "./dialect.js";
import type { Repeat } from "./template/repeat.js";
import { toText, toUnixSeconds } from "./wire-values.js";

/** How long each step took, in nanoseconds. */
const DURATION_FIELDS = ["total_duration", "load_duration", "prompt_eval_duration", "eval_duration"] as const;

/**
 * The records of Ollama's own chat API (Ollama API reference, "Generate a chat completion"). Each line is a record. The
 * last one has `done`, the token counts and the durations.
 */
export const OLLAMA: ForeignDialect = {
  label: "Ollama",
  canRead: (record) => typeof record["done"] === "boolean" && (isObject(record["message"]) || record["done"]),
  createReader: (sink, options) => new OllamaReader(sink, options),
};

class OllamaReader implements ForeignReader {
  private callCount = 0;
  private model: string | undefined;
  private created = 0;

  constructor(
    private readonly sink: DecoderSink,
    private readonly options: ReaderOptions,
  ) {}

  read(record: Record<string, unknown>): Repeat | undefined {
    const message = isObject(record["message"]) ? record["message"] : {};
    const done = record["done"] === true;
    if (done && (record["done_reason"] === "load" || record["done_reason"] === "unload")) {
      throw createNoAnswerFailure();
    }
    const isFirst = this.model === undefined;
    if (isFirst) {
      this.model = toText(record["model"]);
      this.created = toUnixSeconds(record["created_at"]);
    }
    const delta: Delta = isFirst ? { role: "assistant" } : {};
    Object.assign(delta, this.buildDelta(message));
    const choice: ChunkChoice = { index: 0, delta, finish_reason: null };
    const logprobs = readLogprobs(record["logprobs"]);
    if (logprobs) choice.logprobs = logprobs;
    if (!done) {
      const isBare = !isFirst && !this.options.everyChunk;
      this.send(choice, isBare);
      return this.buildRepeat(record, message);
    }
    const chunk = this.buildChunk(choice);
    addEnd(chunk, choice, record, this.callCount > 0);
    const text = delta.content ?? "";
    this.sink.onChunk(chunk, toChunkKind(isRichChoice(choice), text), text);
    this.sink.onMarker();
    return undefined;
  }

  /** Passes on a choice that has not ended. @param isBare whether text alone goes without a chunk */
  private send(choice: ChunkChoice, isBare: boolean): void {
    const text = choice.delta.content ?? "";
    const kind = toChunkKind(isRichChoice(choice), text);
    if (isBare && kind === "text") this.sink.onText(text);
    else this.sink.onChunk(this.buildChunk(choice), kind, text);
  }

  /** Builds the repetition of a record that has one text, of the answer or of the reasoning. */
  private buildRepeat(record: Record<string, unknown>, message: Record<string, unknown>): Repeat | undefined {
    const { sink } = this;
    const { content, thinking, tool_calls: calls, images } = message;
    // An image or a call in each record is a new one.
    if ((content && thinking) || calls || images) return undefined;
    const [field, name] = content
      ? (["content", "content"] as const)
      : (["reasoning_content", "thinking"] as const);
    const places = { texts: [`/message/${name}`], ignored: ["/created_at", "/model"] };
    if (readLogprobs(record["logprobs"])) {
      const apply: Repeat["apply"] = (texts, values) =>
        this.sendPiece(field, texts[0]!, { logprobs: readLogprobs(values[0]) });
      return { ...places, values: ["/logprobs"], apply };
    }
    const apply: Repeat["apply"] = content
      ? (texts) => sink.onText(texts[0]!)
      : (texts) => this.sendPiece(field, texts[0]!);
    return { ...places, apply };
  }

  private sendPiece(field: DeltaText, piece: string, more: Partial<ChunkChoice> = {}): void {
    const choice: ChunkChoice = { index: 0, delta: { [field]: piece }, finish_reason: null, ...more };
    sendPiece(this.sink, this.buildChunk(choice), field, piece);
  }

  private buildDelta(message: Record<string, unknown>): Delta {
    const { content, thinking, images, tool_calls: wireCalls } = message;
    const delta: Delta = {};
    if (typeof content === "string" && content !== "") delta.content = content;
    if (typeof thinking === "string" && thinking !== "") delta.reasoning_content = thinking;
    if (Array.isArray(images) && images.length > 0) delta.images = images.map(toImagePart);
    const calls = Array.isArray(wireCalls) ? wireCalls.flatMap((call) => this.readToolCall(call)) : [];
    if (calls.length > 0) delta.tool_calls = calls;
    return delta;
  }

  /** Reads a call. Each comes in one piece, and its own `index`, if it has one, only repeats its position. */
  private readToolCall(wire: unknown): ToolCallDelta[] {
    const wireFunction = isObject(wire) ? wire["function"] : undefined;
    if (!isObject(wire) || !isObject(wireFunction)) return [];
    const args = wireFunction["arguments"];
    return [
      {
        index: this.callCount++,
        ...(typeof wire["id"] === "string" && wire["id"] !== "" ? { id: wire["id"] } : {}),
        type: "function",
        function: {
          name: toText(wireFunction["name"]),
          arguments: typeof args === "string" ? args : JSON.stringify(args ?? {}),
        },
      },
    ];
  }

  private buildChunk(choice: ChunkChoice): Chunk {
    return {
      id: "",
      object: "chat.completion.chunk",
      created: this.created,
      model: this.model ?? "",
      choices: [choice],
    };
  }
}

/** Adds what only the last record has: finish reason, usage and durations. */
function addEnd(
  chunk: Chunk,
  choice: ChunkChoice,
  record: Record<string, unknown>,
  hasToolCalls: boolean,
): void {
  const reason = record["done_reason"];
  if (typeof reason === "string" && reason !== "") {
    Object.assign(choice, buildFinishFields(reason, hasToolCalls));
  }
  const usage = readUsage(record);
  if (usage) chunk.usage = usage;
  const timings = DURATION_FIELDS.filter((name) => typeof record[name] === "number");
  if (timings.length > 0) chunk["timings"] = Object.fromEntries(timings.map((name) => [name, record[name]]));
}

/**
 * Reads the counts, under the names of Chat Completions and under Ollama's own. Ollama leaves out the prompt's count if
 * the whole prompt was in its cache.
 */
function readUsage(record: Record<string, unknown>): Usage | undefined {
  const { prompt_eval_count: prompt, eval_count: completion } = record;
  const usage: Usage = {};
  if (typeof prompt === "number") Object.assign(usage, { prompt_tokens: prompt, prompt_eval_count: prompt });
  if (typeof completion === "number") {
    Object.assign(usage, { completion_tokens: completion, eval_count: completion });
  }
  if (typeof prompt === "number" && typeof completion === "number")
    usage["total_tokens"] = prompt + completion;
  return Object.keys(usage).length > 0 ? usage : undefined;
}

function readLogprobs(list: unknown): Logprobs | undefined {
  return Array.isArray(list) && list.length > 0 ? { content: list } : undefined;
}

/** Turns an image into a content part. Ollama sends bare base64, and the first characters of it tell the format. */
function toImagePart(data: unknown): unknown {
  if (typeof data !== "string") return data;
  const type = data.startsWith("/9j/") ? "image/jpeg" : data.startsWith("UklGR") ? "image/webp" : "image/png";
  return { type: "image_url", image_url: { url: `data:${type};base64,${data}` } };
}

/** Ollama loads or unloads a model, and answers nothing, if a request has no messages. */
function createNoAnswerFailure(): Failure {
  return new Failure(
    "invalid_request",
    "The service only loaded or unloaded the model: the request has no message. Add one.",
    { retryable: false },
  );
}
