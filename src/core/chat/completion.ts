import { Failure } from "../failure.js";
import { DEFAULT_LIMITS, type Limits } from "../limits.js";
import { AnswerSize } from "./answer-size.js";
import { ChoiceState } from "./choice.js";
import type { Chunk, Completion, Usage } from "./chunk.js";
import { normaliseFinishReason } from "./finish-reason.js";
import { DistinctList, LatestFields } from "./vendor-fields.js";

/** Fields of a chunk that the machine handles by name; of every other one the latest value is kept. */
const OWN_FIELDS: ReadonlySet<string> = new Set(["id", "object", "created", "model", "choices", "usage"]);

/** Lists that some vendors repeat on every chunk and others send once. */
const LISTS: ReadonlySet<string> = new Set(["citations", "search_results"]);

/**
 * Puts a stream of chunks together into a completion. Deterministic, no input or output, no clock.
 *
 * Used by everything that needs to know what was said: the stream itself, `collect`, and the nodes that
 * repair or route a stream. Feeding merged chunks gives the same completion as feeding them one by one.
 */
export class CompletionMachine {
  /** Whether anything but metadata has come: from here on a retry would repeat what somebody has read. */
  hasContent = false;
  private readonly choices: ChoiceState[] = [];
  private id = "";
  private created = 0;
  private model = "";
  private usage: Usage | null = null;
  private extras: LatestFields | undefined;
  private lists: Map<string, DistinctList> | undefined;
  private readonly size: AnswerSize;

  constructor(limits: Readonly<Limits> = DEFAULT_LIMITS) {
    this.size = new AnswerSize(limits);
  }

  /** Adds plain answer text of the first choice: the hot path. */
  addText(text: string): void {
    this.size.addText(text.length);
    this.hasContent = true;
    (this.choices[0] ?? this.openChoice(0)).content.append(text);
  }

  /**
   * Adds a chunk in canonical form.
   * @param text the first choice's text where it is known apart from the chunk (a message's `payload`, which
   *   a flow may have changed on its way); by default the chunk's own.
   * @throws Failure `limit` where the answer grows beyond its bounds
   */
  addChunk(chunk: Chunk, text?: string): void {
    const before = this.size.contentChars;
    for (const choice of chunk.choices) {
      const own = choice.index === 0 && text !== undefined ? text : (choice.delta.content ?? "");
      this.getChoice(choice.index).add(choice, own, this.size);
    }
    if (this.size.contentChars > before) this.hasContent = true;
    // A text that a flow put on a message whose chunk says nothing of the first choice.
    if (text && !chunk.choices.some((choice) => choice.index === 0)) this.addText(text);
    this.id ||= typeof chunk.id === "string" ? chunk.id : "";
    this.model ||= typeof chunk.model === "string" ? chunk.model : "";
    this.created ||= typeof chunk.created === "number" ? chunk.created : 0;
    if (chunk.usage) this.usage = structuredClone(chunk.usage);
    this.keepVendorFields(chunk);
  }

  /** Whether every choice that has begun has also given its finish reason. */
  get isFinished(): boolean {
    return this.choices.length > 0 && this.choices.every((choice) => choice === undefined || choice.ended);
  }

  /** Whether anything of any choice has come, be it empty. */
  get hasBegun(): boolean {
    return this.choices.length > 0;
  }

  /** How many choices have begun. */
  get choiceCount(): number {
    return this.choices.filter((choice) => choice !== undefined).length;
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
    const reason = normaliseFinishReason(this.rawFinishReason);
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
  buildClosingChunk(): Chunk {
    return {
      id: this.id,
      object: "chat.completion.chunk",
      created: this.created,
      model: this.model,
      ...this.collectVendorFields(),
      choices: this.choices.flatMap((choice, index) => (choice ? [choice.buildClosingChoice(index)] : [])),
      usage: structuredClone(this.usage),
    };
  }

  /**
   * Everything so far as a Chat Completions response.
   * @param seed makes ids for tool calls that the vendor left nameless; the stream's own id.
   */
  buildCompletion(seed: string): Completion {
    return {
      id: this.id,
      object: "chat.completion",
      created: this.created,
      model: this.model,
      ...this.collectVendorFields(),
      choices: this.choices.flatMap((choice, index) =>
        choice ? [choice.buildCompletionChoice(index, seed)] : [],
      ),
      usage: structuredClone(this.usage),
    };
  }

  private getChoice(index: number): ChoiceState {
    return this.choices[index] ?? this.openChoice(index);
  }

  private openChoice(index: number): ChoiceState {
    if (!Number.isInteger(index) || index < 0 || index >= this.size.limits.indices) {
      throw new Failure(
        "limit",
        `The service sent a choice beyond the limit of ${this.size.limits.indices}.`,
      );
    }
    const choice = new ChoiceState();
    this.choices[index] = choice;
    return choice;
  }

  private keepVendorFields(chunk: Chunk): void {
    for (const key in chunk) {
      if (OWN_FIELDS.has(key)) continue;
      const value = chunk[key];
      if (Array.isArray(value) && LISTS.has(key)) this.extendList(key, value);
      else {
        this.extras ??= new LatestFields();
        this.size.addMetadata(this.extras.add(key, value));
      }
    }
  }

  private extendList(key: string, added: readonly unknown[]): void {
    this.lists ??= new Map();
    let list = this.lists.get(key);
    if (!list) {
      list = new DistinctList();
      this.lists.set(key, list);
    }
    this.size.addMetadata(list.add(added));
  }

  private collectVendorFields(): Record<string, unknown> {
    const fields = this.extras?.toObject() ?? {};
    for (const [key, list] of this.lists ?? []) fields[key] = list.toArray();
    return fields;
  }
}
