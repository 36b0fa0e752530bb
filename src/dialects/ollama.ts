import type { Chunk, ChunkChoice, Delta, Logprobs, ToolCallDelta, Usage } from "../core/chat/chunk.js";
import { buildFinishFields } from "../core/chat/finish-reason.js";
import { Failure } from "../core/failure.js";
import { isObject } from "../core/json/parse.js";
import { isRichChoice, toChunkKind } from "./chunk-kind.js";
import type { DecoderOptions, DecoderSink, ForeignDialect, ForeignReader } from "./dialect.js";
import { toUnixSeconds } from "./timestamp.js";

/** How long each step took, in nanoseconds. */
const DURATIONS = ["total_duration", "load_duration", "prompt_eval_duration", "eval_duration"] as const;

/**
 * The records of Ollama's own chat API (Ollama documentation, "Generate a chat completion"): a line each, the last one
 * with `done`, the counts and how long everything took.
 */
export const OLLAMA: ForeignDialect = {
  canRead: (record) => typeof record["done"] === "boolean" && (isObject(record["message"]) || record["done"]),
  createReader: (sink, options) => new OllamaReader(sink, options),
};

class OllamaReader implements ForeignReader {
  private calls = 0;
  private model: string | undefined;
  private created = 0;

  constructor(
    private readonly sink: DecoderSink,
    private readonly options: DecoderOptions,
  ) {}

  read(record: Record<string, unknown>): void {
    const message = isObject(record["message"]) ? record["message"] : {};
    const done = record["done"] === true;
    if (done && (record["done_reason"] === "load" || record["done_reason"] === "unload")) throw notAnswered();
    const known = this.identify(record);
    const delta = this.delta(message);
    const text = delta.content ?? "";
    const choice: ChunkChoice = { index: 0, delta, finish_reason: null };
    const logprobs = logprobsOf(record["logprobs"]);
    if (logprobs) choice.logprobs = logprobs;
    const rich = isRichChoice(choice);
    if (known && !done && !rich && text !== "" && !this.options.everyChunk) {
      this.sink.onText(text);
      return;
    }
    const chunk = this.chunk(choice);
    if (done) finish(chunk, choice, record, this.calls > 0);
    this.sink.onChunk(chunk, toChunkKind(rich, text), text);
    if (done) this.sink.onMarker();
  }

  /** @returns whether it has been told before which model answers */
  private identify({ model, created_at: created }: Record<string, unknown>): boolean {
    if (this.model !== undefined) return true;
    this.model = typeof model === "string" ? model : "";
    this.created = toUnixSeconds(created);
    return false;
  }

  private delta(message: Record<string, unknown>): Delta {
    const { content, thinking, images, tool_calls: calls } = message;
    const delta: Delta = {};
    if (typeof content === "string" && content !== "") delta.content = content;
    if (typeof thinking === "string" && thinking !== "") delta.reasoning_content = thinking;
    if (Array.isArray(images) && images.length > 0) delta.images = images.map(imageOf);
    const called = Array.isArray(calls) ? calls.flatMap((call) => this.call(call)) : [];
    if (called.length > 0) delta.tool_calls = called;
    return delta;
  }

  /** Each call comes whole, and its `index`, where there is one, tells nothing that its place does not. */
  private call(wire: unknown): ToolCallDelta[] {
    const said = isObject(wire) ? wire["function"] : undefined;
    if (!isObject(wire) || !isObject(said)) return [];
    const { name, arguments: args } = said;
    return [
      {
        index: this.calls++,
        ...(typeof wire["id"] === "string" && wire["id"] !== "" ? { id: wire["id"] } : {}),
        type: "function",
        function: {
          name: typeof name === "string" ? name : "",
          arguments: typeof args === "string" ? args : JSON.stringify(args ?? {}),
        },
      },
    ];
  }

  private chunk(choice: ChunkChoice): Chunk {
    return {
      id: "",
      object: "chat.completion.chunk",
      created: this.created,
      model: this.model ?? "",
      choices: [choice],
    };
  }
}

function finish(chunk: Chunk, choice: ChunkChoice, record: Record<string, unknown>, called: boolean): void {
  const reason = record["done_reason"];
  if (typeof reason === "string" && reason !== "") Object.assign(choice, buildFinishFields(reason, called));
  const usage = usageOf(record);
  if (usage) chunk.usage = usage;
  const timings = DURATIONS.filter((name) => typeof record[name] === "number");
  if (timings.length > 0) chunk["timings"] = Object.fromEntries(timings.map((name) => [name, record[name]]));
}

/** The counts under both names. A prompt that is wholly in the cache is not counted at all. */
function usageOf(record: Record<string, unknown>): Usage | undefined {
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

function logprobsOf(list: unknown): Logprobs | undefined {
  return Array.isArray(list) && list.length > 0 ? { content: list } : undefined;
}

/** Bare base64, of whatever kind; the kinds that models draw are told by how they begin. */
function imageOf(data: unknown): unknown {
  if (typeof data !== "string") return data;
  const type = data.startsWith("/9j/") ? "image/jpeg" : data.startsWith("UklGR") ? "image/webp" : "image/png";
  return { type: "image_url", image_url: { url: `data:${type};base64,${data}` } };
}

function notAnswered(): Failure {
  return new Failure("invalid_request", "The service only loaded the model: there was nothing to answer.", {
    retryable: false,
  });
}
