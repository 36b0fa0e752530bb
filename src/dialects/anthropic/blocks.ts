import type { Delta } from "../../core/chat/chunk.js";
import { ANTHROPIC_BLOCKS, ANTHROPIC_REASONING } from "../../core/chat/vendor-echo.js";
import { Failure } from "../../core/failure.js";
import { GrowingText } from "../../core/growing-text.js";
import { estimateGrowthBytes, estimatePieceBytes } from "../../core/json/heap-size.js";
import { isObject, readOwnField, tryParseJson } from "../../core/json/parse.js";
import { CallArguments } from "../call-arguments.js";
import { type HeldSize, ReplacedSize } from "../held-size.js";
import { toText } from "../wire-values.js";

/** Receives the content of blocks. */
export interface BlockListener {
  /** A block of text begins. */
  onTextBlock(): void;
  onText(text: string): void;
  onReasoning(text: string): void;
  /** A source of the latest block of text. */
  onCitation(citation: Record<string, unknown>): void;
  onDelta(delta: Delta): void;
  /** Numbers the next tool call: 0, 1, 2 … in order of appearance. */
  takeCallIndex(): number;
  /** Counts what the blocks keep. */
  readonly held: HeldSize;
}

/** An open content block of an answer (Anthropic API reference, "Streaming Messages"). */
export interface OpenBlock {
  addDelta(delta: Record<string, unknown>): void;
  /** Ends the block. Call it once. */
  close(): void;
}

/**
 * Opens a content block.
 * @param start the block as it begins, or the whole block if the service did not stream
 * @param position how many blocks came before it
 */
export function openBlock(
  start: Record<string, unknown>,
  position: number,
  listener: BlockListener,
): OpenBlock {
  switch (start["type"]) {
    case "text":
      return new TextBlock(start, listener);
    case "thinking":
      return new ThinkingBlock(start, listener);
    case "redacted_thinking":
      return new RedactedThinkingBlock(start, listener);
    case "tool_use":
      return new ToolUseBlock(start, listener);
    default:
      return new OpaqueBlock(start, position, listener);
  }
}

/**
 * Creates the block of a delta that arrived without the block's beginning, which some gateways do not forward.
 * @returns undefined if the type of the delta is unknown
 * @throws Failure `bad_response` for a delta of a tool call, because only the beginning has its id and name
 */
export function createImpliedBlock(deltaType: unknown, listener: BlockListener): OpenBlock | undefined {
  switch (deltaType) {
    case "text_delta":
    case "citations_delta":
      return new TextBlock({}, listener);
    case "thinking_delta":
    case "signature_delta":
      return new ThinkingBlock({}, listener);
    case "input_json_delta":
      throw new Failure(
        "bad_response",
        "The service sent a piece of a tool call that never began. Send the request again.",
        { retryable: true },
      );
    default:
      return undefined;
  }
}

class TextBlock implements OpenBlock {
  /** The text of the block's beginning. MiniMax repeats it as the first delta, which is skipped. */
  private initialText: string;

  constructor(
    start: Record<string, unknown>,
    private readonly listener: BlockListener,
  ) {
    listener.onTextBlock();
    this.initialText = toText(start["text"]);
    if (this.initialText) listener.onText(this.initialText);
    if (Array.isArray(start["citations"])) {
      for (const citation of start["citations"]) this.addCitation(citation);
    }
  }

  addDelta(delta: Record<string, unknown>): void {
    if (delta["type"] === "citations_delta") this.addCitation(delta["citation"]);
    const text = toText(delta["text"]);
    if (text === "") return;
    if (text !== this.initialText) this.listener.onText(text);
    this.initialText = "";
  }

  close(): void {}

  private addCitation(citation: unknown): void {
    if (isObject(citation)) this.listener.onCitation(citation);
  }
}

class ThinkingBlock implements OpenBlock {
  private readonly text = new GrowingText();
  private signature: unknown;
  private readonly signatureSize: ReplacedSize;

  constructor(
    start: Record<string, unknown>,
    private readonly listener: BlockListener,
  ) {
    this.signatureSize = new ReplacedSize(listener.held);
    this.setSignature(start["signature"]);
    this.addText(toText(start["thinking"]));
  }

  addDelta(delta: Record<string, unknown>): void {
    if (typeof delta["signature"] === "string") this.setSignature(delta["signature"]);
    this.addText(toText(delta["thinking"]));
  }

  /** Passes on the whole block, which Anthropic wants back on the next turn: its signature covers the whole text. */
  close(): void {
    const detail: Record<string, unknown> = {
      type: "reasoning.text",
      text: this.text.toString(),
      format: ANTHROPIC_REASONING,
    };
    if (this.signature) detail["signature"] = this.signature;
    if (this.signature || detail["text"] !== "") this.listener.onDelta({ reasoning_details: [detail] });
  }

  private setSignature(signature: unknown): void {
    this.signatureSize.set(signature);
    this.signature = signature;
  }

  private addText(text: string): void {
    if (text === "") return;
    this.text.append(text);
    this.listener.onReasoning(text);
  }
}

class RedactedThinkingBlock implements OpenBlock {
  constructor(start: Record<string, unknown>, listener: BlockListener) {
    const detail = { type: "reasoning.encrypted", data: start["data"], format: ANTHROPIC_REASONING };
    listener.onDelta({ reasoning_details: [detail] });
  }

  addDelta(): void {}
  close(): void {}
}

class ToolUseBlock implements OpenBlock {
  private readonly index: number;
  private readonly input: unknown;
  private readonly args = new CallArguments();
  private hasArguments = false;

  constructor(
    start: Record<string, unknown>,
    private readonly listener: BlockListener,
  ) {
    const { type: _type, id, name, input, ...extras } = start;
    this.index = listener.takeCallIndex();
    this.input = input;
    listener.held.addValue(input);
    listener.onDelta({
      tool_calls: [
        { ...extras, index: this.index, id: toText(id), type: "function", function: { name: toText(name) } },
      ],
    });
  }

  addDelta(delta: Record<string, unknown>): void {
    this.sendArguments(this.args.add(toText(delta["partial_json"])));
  }

  /** If no delta had arguments, they were in the block's beginning, or the call has none. */
  close(): void {
    this.sendArguments(this.args.flush());
    if (!this.hasArguments) this.sendArguments(JSON.stringify(isObject(this.input) ? this.input : {}));
  }

  private sendArguments(fragment: string): void {
    if (fragment === "") return;
    this.hasArguments = true;
    this.listener.onDelta({ tool_calls: [{ index: this.index, function: { arguments: fragment } }] });
  }
}

/** A block that Chat Completions has no place for, such as a server tool and its result. It is passed on unchanged. */
class OpaqueBlock implements OpenBlock {
  private readonly input = new GrowingText();

  constructor(
    private readonly block: Record<string, unknown>,
    private readonly position: number,
    private readonly listener: BlockListener,
  ) {
    listener.held.addValue(block);
  }

  addDelta(delta: Record<string, unknown>): void {
    const { held } = this.listener;
    const isCompaction = delta["type"] === "compaction_delta";
    for (const [key, value] of Object.entries(delta)) {
      if (key === "type" || value === null) continue;
      const current = readOwnField(this.block, key);
      if (key === "partial_json") {
        held.add(toText(value).length);
        this.input.append(toText(value));
      } else if (
        typeof current === "string" &&
        typeof value === "string" &&
        // It has whole values (SDK 1.14, `BetaMessageStream`), though a gateway may send pieces.
        !(isCompaction && value.startsWith(current))
      ) {
        held.add(estimatePieceBytes(value));
        this.block[key] = current + value;
      } else {
        held.add(estimateGrowthBytes(key, current, value));
        this.block[key] = value;
      }
    }
  }

  close(): void {
    const input = this.input.toString();
    if (input !== "") this.block["input"] = tryParseJson(input) ?? input;
    this.listener.onDelta({ [ANTHROPIC_BLOCKS]: { [this.position]: this.block } });
  }
}
