import { Failure } from "../failure.js";
import { copyJson } from "../json/copy.js";
import { estimateHeapBytes } from "../json/heap-size.js";
import { DEFAULT_LIMITS, type Limits } from "../limits.js";
import { AnswerSize } from "./answer-size.js";
import { ChoiceState } from "./choice.js";
import {
  CHUNK_FIELDS,
  CHUNK_LISTS,
  type Chunk,
  type Completion,
  type DeltaText,
  EARLIER_PARTS,
  type Logprobs,
  type ToolCallDelta,
  type Usage,
} from "./chunk.js";
import { isCutOff, normaliseFinishReason } from "./finish-reason.js";
import { DistinctList, LatestFields } from "./vendor-fields.js";

/** What another choice takes in memory, with the readers of its calls and of its reasoning. */
const CHOICE_BYTES = 1_000;

/**
 * Assembles a completion from the chunks of a stream. It is deterministic and uses no clock, no input and no output.
 *
 * It is used wherever an answer is needed as a whole: by the stream itself, by `collect`, and by the nodes that repair
 * or route a stream. Merged chunks give the same completion as the chunks one by one.
 */
export class CompletionMachine {
  /** Whether anything but metadata has arrived. From here on, a retry would repeat output that the reader has. */
  hasContent = false;
  private choices: ChoiceState[] = [];
  private id = "";
  private created = 0;
  private model = "";
  private usage: Usage | null = null;
  /** What the service counted for each part of the answer that ended with a pause, except for the latest. */
  private readonly earlierUsages: Usage[] = [];
  /** Whether the usage is of a part that ended with a pause. */
  private isUsageOld = false;
  /** Bytes of the largest usage so far. */
  private usageBytes = 0;
  private vendorFields: LatestFields | undefined;
  private lists: Map<string, DistinctList> | undefined;
  private readonly size: AnswerSize;

  constructor(limits: Readonly<Limits> = DEFAULT_LIMITS) {
    this.size = new AnswerSize(limits);
  }

  /** Adds answer text of the first choice. This is the hot path. @throws Failure `limit` */
  addText(text: string): void {
    this.size.addText(text.length);
    this.hasContent = true;
    (this.choices[0] ?? this.openChoice(0)).content.append(text);
  }

  /**
   * Adds a chunk that has nothing new but a piece of one text of the first choice, and perhaps its token probabilities.
   * @throws Failure `limit`
   */
  addPiece(field: DeltaText, piece: string, logprobs: Logprobs | undefined | null): void {
    const choice = this.choices[0] ?? this.openChoice(0);
    choice.addPiece(field, piece, this.size);
    if (logprobs) choice.addLogprobs(logprobs, this.size);
    this.hasContent = true;
  }

  /**
   * Adds a chunk in the common form.
   * @param text the first choice's text if it is known apart from the chunk: a message's `payload`, which a flow may
   *   have changed; default: the chunk's own text
   * @throws Failure `limit` if the answer grows beyond its limits
   */
  addChunk(chunk: Chunk, text?: string): void {
    const before = this.size.contentSize;
    for (const choice of chunk.choices) {
      const own = choice.index === 0 && text !== undefined ? text : (choice.delta.content ?? "");
      this.getChoice(choice.index).add(choice, own, this.size);
    }
    if (this.size.contentSize > before) this.hasContent = true;
    // A flow may put text on a message whose chunk has no first choice.
    if (text && !chunk.choices.some((choice) => choice.index === 0)) this.addText(text);
    this.keepIdentity(chunk);
    if (chunk.usage) this.keepUsage(chunk.usage);
    this.keepVendorFields(chunk);
  }

  /** Continues the answer after a pause of its service. The next part brings the finish reason that counts. */
  reopen(): void {
    for (const choice of this.choices) choice?.reopen();
    this.isUsageOld = this.usage !== null;
  }

  /** How much content has come so far: characters of text and bytes of anything else that the model made. */
  get contentSize(): number {
    return this.size.contentSize;
  }

  /** How much was counted of the answer so far: characters of text and bytes of anything else. */
  get countedSize(): number {
    return this.size.total;
  }

  /** What the service has counted so far; null before it counts. */
  get latestUsage(): Usage | null {
    const { usage, earlierUsages: earlier } = this;
    return usage && earlier.length > 0 ? { ...usage, [EARLIER_PARTS]: earlier } : usage;
  }

  /** How many tools the first choice has called so far. */
  get toolCallCount(): number {
    return this.choices[0]?.toolCallCount ?? 0;
  }

  /** Whether every choice that has begun has ended. */
  get isFinished(): boolean {
    return this.choices.length > 0 && this.choices.every((choice) => choice === undefined || choice.hasEnded);
  }

  /** Whether any choice has begun, even an empty one. */
  get hasBegun(): boolean {
    return this.choices.length > 0;
  }

  /** How many choices have begun. */
  get choiceCount(): number {
    return this.choices.filter((choice) => choice !== undefined).length;
  }

  /** The latest finish reason of the first choice in the vendor's own words, or undefined. */
  get rawFinishReason(): string | undefined {
    return this.choices[0]?.finishReason ?? undefined;
  }

  /** The first choice's finish reason that a gateway got from its own service, or undefined. */
  get nativeFinishReason(): string | undefined {
    return this.choices[0]?.nativeFinishReason;
  }

  /**
   * Why the answer ended, in the words of the message contract. An answer with tool calls has the reason `tool_calls`
   * whatever the vendor says, unless it was cut off.
   */
  get finishReason(): string {
    const reason = normaliseFinishReason(this.rawFinishReason);
    return this.toolCallCount > 0 && !isCutOff(reason) ? "tool_calls" : reason;
  }

  /**
   * Finds the tool calls that the first choice ended for but does not have, in another choice.
   * @param seed as in `buildCompletion`
   * @returns complete pieces of the calls; none if nothing is missing
   */
  findMissingCalls(seed: string): ToolCallDelta[] {
    if (this.toolCallCount > 0 || normaliseFinishReason(this.rawFinishReason) !== "tool_calls") return [];
    const other = this.choices.find((choice) => choice && choice.toolCallCount > 0);
    const calls = other?.buildCompletionChoice(0, seed).message.tool_calls ?? [];
    return calls.map((call, index) => ({ ...call, index }));
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
   * Builds the chunk that closes a stream in the message contract. It has what is known only at the end (ids, finish
   * reasons, usage, vendor fields), so that a reader of the messages can build the same completion.
   */
  buildClosingChunk(): Chunk {
    return {
      id: this.id,
      object: "chat.completion.chunk",
      created: this.created,
      model: this.model,
      ...this.collectVendorFields(),
      choices: this.choices.flatMap((choice, index) => (choice ? [choice.buildClosingChoice(index)] : [])),
      usage: copyJson(this.latestUsage),
    };
  }

  /**
   * Builds a Chat Completions response of everything so far.
   * @param seed makes ids for tool calls that came without one: the stream's id
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
      usage: copyJson(this.latestUsage),
    };
  }

  private getChoice(index: number): ChoiceState {
    return this.choices[index] ?? this.openChoice(index);
  }

  private openChoice(index: number): ChoiceState {
    if (!Number.isInteger(index) || index < 0 || index >= this.size.limits.indices) {
      throw new Failure(
        "limit",
        `The service sent a choice with the index ${index}, which is not between 0 and ${this.size.limits.indices - 1}. Ask for fewer answers.`,
      );
    }
    if (index > 0) this.size.addMetadata(CHOICE_BYTES);
    const choice = new ChoiceState();
    // A list that grows by an assignment gets room for 16 more.
    if (this.choices.length === 0 && index === 0) this.choices = [choice];
    else this.choices[index] = choice;
    return choice;
  }

  private keepIdentity({ id, model, created }: Chunk): void {
    if (this.id === "" && typeof id === "string" && id !== "") {
      this.id = id;
      this.size.addMetadata(id.length);
    }
    if (this.model === "" && typeof model === "string" && model !== "") {
      this.model = model;
      this.size.addMetadata(model.length);
    }
    this.created ||= typeof created === "number" ? created : 0;
  }

  private keepUsage(usage: Usage): void {
    const bytes = estimateHeapBytes(usage);
    if (bytes > this.usageBytes) {
      this.size.addMetadata(bytes - this.usageBytes);
      this.usageBytes = bytes;
    }
    if (this.isUsageOld) this.earlierUsages.push(this.usage!);
    this.isUsageOld = false;
    this.usage = copyJson(usage);
  }

  private keepVendorFields(chunk: Chunk): void {
    for (const key of Object.keys(chunk)) {
      if (CHUNK_FIELDS.has(key)) continue;
      const value = chunk[key];
      if (Array.isArray(value) && CHUNK_LISTS.has(key)) this.extendList(key, value);
      else {
        this.vendorFields ??= new LatestFields();
        this.size.addMetadata(this.vendorFields.add(key, value));
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
    const fields = this.vendorFields?.toObject() ?? {};
    for (const [key, list] of this.lists ?? []) fields[key] = list.toArray();
    return fields;
  }
}
