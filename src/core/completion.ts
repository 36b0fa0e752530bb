import { ChoiceState } from "./choice.js";
import type { Chunk, Completion, Usage } from "./chunk.js";
import { Failure } from "./failure.js";
import { finishReason } from "./finish-reason.js";
import { DEFAULT_LIMITS, type Limits } from "./limits.js";

/** Fields of a chunk that the machine handles by name; every other one is kept, the last non-null value. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  "id",
  "object",
  "created",
  "model",
  "choices",
  "usage",
  "citations",
  "search_results",
  // Padding against traffic analysis, of no use to anyone downstream.
  "obfuscation",
  "p",
]);

/** Lists that some vendors repeat on every chunk and others send once. */
const LISTS = ["citations", "search_results"] as const;

/**
 * Puts a stream of chunks together into a completion. Deterministic, no input or output, no clock.
 *
 * Used by everything that needs to know what was said: the stream itself, `collect`, and the nodes that
 * repair or route a stream. Feeding merged chunks gives the same completion as feeding them one by one.
 */
export class CompletionMachine {
  /** Whether anything but metadata has come: from here on a retry would repeat what somebody has read. */
  committed = false;
  private readonly choices: ChoiceState[] = [];
  private id = "";
  private created = 0;
  private model = "";
  private usage: Usage | null = null;
  private extras: Record<string, unknown> | undefined;
  private size = 0;

  constructor(private readonly limits: Readonly<Limits> = DEFAULT_LIMITS) {}

  /** Adds plain answer text of the first choice: the hot path. */
  addText(text: string): void {
    this.grow(text.length);
    this.committed = true;
    (this.choices[0] ?? this.open(0)).content.append(text);
  }

  /**
   * Adds a chunk in canonical form.
   * @param text the first choice's text where it is known apart from the chunk (a message's `payload`, which
   *   a flow may have changed on its way); by default the chunk's own.
   * @throws Failure `limit` where the answer grows beyond its bounds
   */
  addChunk(chunk: Chunk, text?: string): void {
    for (const choice of chunk.choices) {
      const own = choice.index === 0 && text !== undefined ? text : (choice.delta.content ?? "");
      const state = this.choiceAt(choice.index);
      const grown = state.add(choice, own, this.limits);
      this.grow(grown);
      if (grown > 0) this.committed = true;
    }
    // A text that a flow put on a message whose chunk says nothing of the first choice.
    if (text && !chunk.choices.some((choice) => choice.index === 0)) this.addText(text);
    this.id ||= typeof chunk.id === "string" ? chunk.id : "";
    this.model ||= typeof chunk.model === "string" ? chunk.model : "";
    this.created ||= typeof chunk.created === "number" ? chunk.created : 0;
    if (chunk.usage) this.usage = structuredClone(chunk.usage);
    this.keepExtras(chunk);
  }

  /** Whether every choice that has begun has also given its finish reason. */
  get finished(): boolean {
    return this.choices.length > 0 && this.choices.every((choice) => choice === undefined || choice.ended);
  }

  /** Whether anything of any choice has come, be it empty. */
  get begun(): boolean {
    return this.choices.length > 0;
  }

  /** The vendor's last word for why the first choice ended, or undefined. */
  get rawFinishReason(): string | undefined {
    return this.choices[0]?.finishReason ?? undefined;
  }

  /**
   * Why the answer ended, in the words of the message contract. An answer that ends with tool calls says so
   * even where the vendor calls it `stop` or gives no reason.
   */
  get finishReason(): string {
    const reason = finishReason(this.rawFinishReason);
    const called = (this.choices[0]?.toolCallCount ?? 0) > 0;
    return called && (reason === "stop" || reason === "unknown") ? "tool_calls" : reason;
  }

  /** The first choice's answer text so far. */
  get text(): string {
    return this.choices[0]?.content.toString() ?? "";
  }

  /** Characters of the first choice's answer text so far. */
  get length(): number {
    return this.choices[0]?.content.length ?? 0;
  }

  /**
   * The chunk that closes a stream in the message contract: what is known only of the whole (ids, reasons,
   * usage, vendor's extras), so that a reader of the messages alone can build the same completion.
   */
  closingChunk(): Chunk {
    return {
      id: this.id,
      object: "chat.completion.chunk",
      created: this.created,
      model: this.model,
      ...structuredClone(this.extras),
      choices: this.choices.flatMap((choice, index) => (choice ? [choice.closing(index)] : [])),
      usage: structuredClone(this.usage),
    };
  }

  /**
   * Everything so far as a Chat Completions response.
   * @param seed makes ids for tool calls that the vendor left nameless; the stream's own id.
   */
  completion(seed: string): Completion {
    return {
      id: this.id,
      object: "chat.completion",
      created: this.created,
      model: this.model,
      ...structuredClone(this.extras),
      choices: this.choices.flatMap((choice, index) => (choice ? [choice.completed(index, seed)] : [])),
      usage: structuredClone(this.usage),
    };
  }

  private choiceAt(index: number): ChoiceState {
    return this.choices[index] ?? this.open(index);
  }

  private open(index: number): ChoiceState {
    if (!Number.isInteger(index) || index < 0 || index >= this.limits.indices) {
      throw new Failure("limit", `The service sent a choice beyond the limit of ${this.limits.indices}.`);
    }
    const choice = new ChoiceState();
    this.choices[index] = choice;
    return choice;
  }

  private grow(characters: number): void {
    this.size += characters;
    if (this.size > this.limits.completion) {
      throw new Failure(
        "limit",
        `The answer is longer than ${this.limits.completion} characters. Set a smaller maximum of tokens.`,
      );
    }
  }

  private keepExtras(chunk: Chunk): void {
    for (const key in chunk) {
      if (OWN_FIELDS.has(key)) continue;
      const value = chunk[key];
      if (value === null || value === undefined) continue;
      this.extras ??= {};
      this.extras[key] = typeof value === "object" ? structuredClone(value) : value;
    }
    for (const key of LISTS) {
      const list = chunk[key];
      if (!Array.isArray(list) || list.length === 0) continue;
      this.extras ??= {};
      this.extras[key] = mergeList((this.extras[key] as unknown[] | undefined) ?? [], list);
    }
  }
}

/** The union of what was known and what came, each entry once: cumulative and single lists both come out right. */
function mergeList(known: unknown[], added: unknown[]): unknown[] {
  const keys = new Set(known.map((entry) => JSON.stringify(entry)));
  return [...known, ...added.filter((entry) => !keys.has(JSON.stringify(entry)))].map((entry) =>
    structuredClone(entry),
  );
}
