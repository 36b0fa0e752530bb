import type { Delta } from "../../core/chat/chunk.js";
import { ANTHROPIC_BLOCKS, ANTHROPIC_REASONING } from "../../core/chat/vendor-echo.js";
import { Failure } from "../../core/failure.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import { CallArguments } from "../call-arguments.js";
import { MAX_HELD_CHARS } from "../dialect.js";
import { toText } from "../wire-values.js";

/** Receives the content of blocks. */
export interface BlockListener {
  onText(text: string): void;
  onDelta(delta: Delta): void;
  /** Numbers the next tool call: 0, 1, 2 … in order of appearance. */
  takeCallIndex(): number;
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
    if (isObject(citation)) this.listener.onDelta({ annotations: [toAnnotation(citation)] });
  }
}

/** Turns a citation into an annotation of Chat Completions, with all of Anthropic's own fields. */
function toAnnotation(citation: Record<string, unknown>): Record<string, unknown> {
  const type = typeof citation["url"] === "string" ? "url_citation" : "document_citation";
  return { type, [type]: citation };
}

class ThinkingBlock implements OpenBlock {
  private readonly texts: string[] = [];
  private signature: unknown;

  constructor(
    start: Record<string, unknown>,
    private readonly listener: BlockListener,
  ) {
    this.signature = start["signature"];
    this.addText(toText(start["thinking"]));
  }

  addDelta(delta: Record<string, unknown>): void {
    if (typeof delta["signature"] === "string") this.signature = delta["signature"];
    this.addText(toText(delta["thinking"]));
  }

  /** Passes on the whole block, which Anthropic wants back on the next turn: its signature covers the whole text. */
  close(): void {
    const detail: Record<string, unknown> = {
      type: "reasoning.text",
      text: this.texts.join(""),
      format: ANTHROPIC_REASONING,
    };
    if (this.signature) detail["signature"] = this.signature;
    if (this.signature || detail["text"] !== "") this.listener.onDelta({ reasoning_details: [detail] });
  }

  private addText(text: string): void {
    if (text === "") return;
    this.texts.push(text);
    this.listener.onDelta({ reasoning_content: text });
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
  private input = "";
  private length = 0;

  constructor(
    private readonly block: Record<string, unknown>,
    private readonly position: number,
    private readonly listener: BlockListener,
  ) {}

  addDelta(delta: Record<string, unknown>): void {
    for (const [key, value] of Object.entries(delta)) {
      if (key === "type" || value === null) continue;
      this.length += typeof value === "string" ? value.length : 0;
      if (this.length > MAX_HELD_CHARS) {
        throw new Failure(
          "limit",
          `The service sent a content block with more than ${MAX_HELD_CHARS} characters.`,
        );
      }
      const current = Object.hasOwn(this.block, key) ? this.block[key] : undefined;
      if (key === "partial_json") this.input += toText(value);
      else {
        this.block[key] = typeof current === "string" && typeof value === "string" ? current + value : value;
      }
    }
  }

  close(): void {
    if (this.input !== "") this.block["input"] = tryParseJson(this.input) ?? this.input;
    this.listener.onDelta({ [ANTHROPIC_BLOCKS]: { [this.position]: this.block } });
  }
}
