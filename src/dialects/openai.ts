import type { Chunk, ChunkChoice, Delta, Usage } from "../core/chunk.js";
import { classify, isRetryable } from "../core/classify.js";
import { errorClues } from "../core/error-body.js";
import { Failure } from "../core/failure.js";
import { isObject, tryParseJson, withinDepth } from "../core/json.js";
import type { ChunkKind, Decoder, DecoderOptions, DecoderSink } from "./dialect.js";
import { isRich, normaliseDelta } from "./openai-delta.js";
import { TextTemplate } from "./text-template.js";
import { ToolCallTracker } from "./tool-call-tracker.js";

const MARKER = "[DONE]";

/**
 * Reads the stream of Chat Completions (OpenAI API reference, "chat.completion.chunk") as the many services
 * that speak it really send it.
 */
export class OpenAiDecoder implements Decoder {
  private readonly template = new TextTemplate();
  private trackers: Map<number, ToolCallTracker> | undefined;
  /** Some services add the whole message to each chunk or to the last: it counts only where no delta ever came. */
  private sawDelta = false;
  private sawCitations = "";

  constructor(
    private readonly sink: DecoderSink,
    private readonly options: DecoderOptions,
  ) {}

  record(data: string, event?: string, last = false): void {
    if (!this.options.everyChunk && event === undefined) {
      const text = this.template.match(data);
      if (text !== undefined) {
        this.sink.onText(text);
        return;
      }
    }
    if (data.startsWith(MARKER)) this.sink.onMarker();
    // A gateway may forward another's keep-alive comment as data; neither it nor a blank is a record.
    else if (data.trim() !== "" && !data.startsWith(":")) this.decode(data, event, last);
  }

  private decode(data: string, event: string | undefined, last: boolean): void {
    const record = tryParseJson(data);
    if (record === undefined) {
      this.malformed(data, event, last);
      return;
    }
    const clues = errorClues(record) ?? (event === "error" ? { message: JSON.stringify(record) } : undefined);
    if (clues) {
      // An error may stand beside choices and usage (OpenRouter): they are kept, the error ends the stream.
      if (isObject(record) && Array.isArray(record["choices"])) this.chunk(data, record);
      const code = classify(clues);
      this.sink.onFailure(
        new Failure(
          code,
          `The service reported an error in the stream: ${clues.message || "no details given"}`,
          {
            ...(clues.status === undefined ? {} : { status: clues.status }),
            retryable: isRetryable(code, clues.status),
          },
        ),
      );
      return;
    }
    if (!isObject(record)) this.wrongShape();
    else this.chunk(data, record);
  }

  /** Two records run together where a gateway injected an error without closing the frame: each line is one. */
  private malformed(data: string, event: string | undefined, last: boolean): void {
    const lines = data.split("\n");
    if (lines.length > 1) {
      for (const line of lines) this.record(line, event, last);
      return;
    }
    // What was cut off by the end of the connection is no bad record: the missing end says it all.
    if (last) return;
    if (event === "error") {
      this.sink.onFailure(
        new Failure(classify({ message: data }), `The service reported an error: ${data.slice(0, 300)}`),
      );
      return;
    }
    if (this.options.tolerant) {
      this.sink.onSkipped();
      return;
    }
    this.sink.onFailure(
      new Failure(
        "bad_response",
        "A record of the stream is not JSON, so text may be missing. If this service is known for stray records, tick “tolerant” in its provider.",
        { retryable: true },
      ),
    );
  }

  private wrongShape(): void {
    this.sink.onFailure(
      new Failure(
        "bad_response",
        "The service's stream is not in the form of Chat Completions. Check the base URL and provider.",
      ),
    );
  }

  private chunk(data: string, record: Record<string, unknown>): void {
    const choices = record["choices"] ?? [];
    if (!Array.isArray(choices) || !choices.every(isObject)) {
      this.wrongShape();
      return;
    }
    try {
      const chunk = this.canonical(record, choices);
      const text = textOf(chunk);
      const kind = this.kindOf(chunk, text);
      if (kind === "rich" && !withinDepth(chunk, this.options.depth)) {
        throw new Failure("limit", `The service sent JSON nested deeper than ${this.options.depth} levels.`);
      }
      this.sink.onChunk(chunk, kind, text);
      if (kind === "text" && isRepeatable(chunk)) this.template.learn(data, text, textOfRecord);
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      this.sink.onFailure(thrown);
    }
  }

  private canonical(record: Record<string, unknown>, choices: Record<string, unknown>[]): Chunk {
    record["choices"] = choices.map((choice) => this.choice(choice));
    record["usage"] = usageOf(record, choices);
    if (record["usage"] === undefined) delete record["usage"];
    return record as Chunk;
  }

  private choice(wire: Record<string, unknown>): ChunkChoice {
    const index = wire["index"] ?? 0;
    const number = typeof index === "string" && /^\d+$/.test(index) ? Number(index) : index;
    if (typeof number !== "number" || !Number.isInteger(number) || number < 0) {
      throw new Failure("bad_response", "The service sent a choice with an impossible index.");
    }
    if (number >= this.options.indices) {
      throw new Failure("limit", `The service sent a choice beyond the limit of ${this.options.indices}.`);
    }
    const message = this.sawDelta ? undefined : wire["message"];
    const delta = (isObject(wire["delta"]) ? wire["delta"] : isObject(message) ? message : {}) as Delta;
    if (isObject(wire["delta"])) this.sawDelta = true;
    normaliseDelta(delta);
    if (delta.tool_calls) {
      delta.tool_calls = this.trackerFor(number).normalise(delta.tool_calls);
      if (delta.tool_calls.length === 0) delete delta.tool_calls;
    }
    delete wire["message"];
    delete wire["usage"];
    wire["index"] = number;
    wire["delta"] = delta;
    if (typeof wire["finish_reason"] !== "string" || wire["finish_reason"] === "")
      wire["finish_reason"] = null;
    if (!isObject(wire["logprobs"])) delete wire["logprobs"];
    return wire as ChunkChoice;
  }

  private trackerFor(choice: number): ToolCallTracker {
    this.trackers ??= new Map();
    let tracker = this.trackers.get(choice);
    if (!tracker) {
      tracker = new ToolCallTracker(this.options.toolNames ?? [], this.options.indices);
      this.trackers.set(choice, tracker);
    }
    return tracker;
  }

  private kindOf(chunk: Chunk, text: string): ChunkKind {
    const rich =
      this.hasNewCitations(chunk) ||
      chunk.choices.some(
        (choice) => choice.logprobs || isRich(choice.delta) || (choice.index > 0 && choice.delta.content),
      );
    if (rich) return "rich";
    return text === "" ? "silent" : "text";
  }

  /** Citations that come again and again on each chunk (Perplexity) are told when they change. */
  private hasNewCitations(chunk: Chunk): boolean {
    const { citations, search_results: results } = chunk;
    const venice = isObject(chunk["venice_parameters"])
      ? chunk["venice_parameters"]["web_search_citations"]
      : undefined;
    const lists = [citations, results, venice].filter((list) => Array.isArray(list) && list.length > 0);
    if (lists.length === 0) return false;
    const said = JSON.stringify(lists);
    if (said === this.sawCitations) return false;
    this.sawCitations = said;
    return true;
  }
}

/** A record whose repetition, but for the text, would tell nothing new. */
function isRepeatable(chunk: Chunk): boolean {
  return chunk.choices.length === 1 && chunk.choices[0]!.finish_reason === null;
}

function textOf(chunk: Chunk): string {
  const first = chunk.choices.find((choice) => choice.index === 0);
  return first?.delta.content ?? "";
}

function textOfRecord(record: unknown): unknown {
  const choices = isObject(record) ? record["choices"] : undefined;
  const first: unknown = Array.isArray(choices) ? choices[0] : undefined;
  return isObject(first) && isObject(first["delta"]) ? first["delta"]["content"] : undefined;
}

/** Usage stands in three places: the chunk, its first choice (Moonshot), `x_groq` (Groq). */
function usageOf(
  record: Record<string, unknown>,
  choices: Record<string, unknown>[],
): Usage | null | undefined {
  const groq = isObject(record["x_groq"]) ? record["x_groq"]["usage"] : undefined;
  for (const usage of [record["usage"], choices[0]?.["usage"], groq]) if (isObject(usage)) return usage;
  return undefined;
}
