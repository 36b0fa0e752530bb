import type { Delta } from "../../core/chat/chunk.js";
import { ANTHROPIC_BLOCKS, ANTHROPIC_REASONING } from "../../core/chat/vendor-echo.js";
import { Failure } from "../../core/failure.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";

/** Most characters that a block may gather before anybody hears of it. */
const LONGEST_UNHEARD = 16 * 1024 * 1024;

/** Where a block says what it brings. */
export interface BlockListener {
  onText(text: string): void;
  onDelta(delta: Delta): void;
  /** The number of the next tool call in order of appearance. */
  takeCallIndex(): number;
}

/** A content block of an answer that has begun and not ended. */
export interface ContentBlock {
  addDelta(delta: Record<string, unknown>): void;
  /** Ends the block. Called once. */
  close(): void;
}

/**
 * Begins a content block.
 * @param start the block as it is at its beginning, or all of it where the service did not stream
 * @param place how many there were before it
 */
export function openBlock(
  start: Record<string, unknown>,
  place: number,
  listener: BlockListener,
): ContentBlock {
  switch (start["type"]) {
    case "text":
      return new TextBlock(start, listener);
    case "thinking":
      return new ThinkingBlock(start, listener);
    case "redacted_thinking":
      return new RedactedBlock(start, listener);
    case "tool_use":
      return new ToolUseBlock(start, listener);
    default:
      return new PassedBlock(start, place, listener);
  }
}

/**
 * The block that a piece belongs to whose beginning was not sent (gateways that forward the pieces alone).
 * @returns undefined for a piece of a kind that is not known
 * @throws Failure `bad_response` where the beginning had what the piece is worth nothing without
 */
export function createImpliedBlock(deltaType: unknown, listener: BlockListener): ContentBlock | undefined {
  switch (deltaType) {
    case "text_delta":
    case "citations_delta":
      return new TextBlock({}, listener);
    case "thinking_delta":
    case "signature_delta":
      return new ThinkingBlock({}, listener);
    case "input_json_delta":
      throw new Failure("bad_response", "The service sent a piece of a tool call that it never began.", {
        retryable: true,
      });
    default:
      return undefined;
  }
}

class TextBlock implements ContentBlock {
  /** What stood in the beginning, until the first piece has come: MiniMax says it again there. */
  private first: string;

  constructor(
    start: Record<string, unknown>,
    private readonly listener: BlockListener,
  ) {
    this.first = textOf(start["text"]);
    if (this.first) listener.onText(this.first);
    if (Array.isArray(start["citations"])) for (const citation of start["citations"]) this.cite(citation);
  }

  addDelta(delta: Record<string, unknown>): void {
    if (delta["type"] === "citations_delta") this.cite(delta["citation"]);
    const text = textOf(delta["text"]);
    if (text === "") return;
    if (text !== this.first) this.listener.onText(text);
    this.first = "";
  }

  close(): void {}

  private cite(citation: unknown): void {
    if (isObject(citation)) this.listener.onDelta({ annotations: [annotation(citation)] });
  }
}

/** A citation in the form of Chat Completions, with all that Anthropic tells of it. */
function annotation(citation: Record<string, unknown>): Record<string, unknown> {
  const kind = typeof citation["url"] === "string" ? "url_citation" : "document_citation";
  return { type: kind, [kind]: citation };
}

class ThinkingBlock implements ContentBlock {
  private readonly pieces: string[] = [];
  private signature: unknown;

  constructor(
    start: Record<string, unknown>,
    private readonly listener: BlockListener,
  ) {
    this.signature = start["signature"];
    this.think(textOf(start["thinking"]));
  }

  addDelta(delta: Record<string, unknown>): void {
    if (typeof delta["signature"] === "string") this.signature = delta["signature"];
    this.think(textOf(delta["thinking"]));
  }

  /** Only the whole block can be sent back: the signature is over all of it. */
  close(): void {
    const detail: Record<string, unknown> = {
      type: "reasoning.text",
      text: this.pieces.join(""),
      format: ANTHROPIC_REASONING,
    };
    if (this.signature) detail["signature"] = this.signature;
    if (this.signature || detail["text"] !== "") this.listener.onDelta({ reasoning_details: [detail] });
  }

  private think(text: string): void {
    if (text === "") return;
    this.pieces.push(text);
    this.listener.onDelta({ reasoning_content: text });
  }
}

class RedactedBlock implements ContentBlock {
  constructor(start: Record<string, unknown>, listener: BlockListener) {
    const detail = { type: "reasoning.encrypted", data: start["data"], format: ANTHROPIC_REASONING };
    listener.onDelta({ reasoning_details: [detail] });
  }

  addDelta(): void {}
  close(): void {}
}

class ToolUseBlock implements ContentBlock {
  private readonly index: number;
  private readonly input: unknown;
  private said = false;

  constructor(
    start: Record<string, unknown>,
    private readonly listener: BlockListener,
  ) {
    const { type: _type, id, name, input, ...extras } = start;
    this.index = listener.takeCallIndex();
    this.input = input;
    listener.onDelta({
      tool_calls: [
        { ...extras, index: this.index, id: textOf(id), type: "function", function: { name: textOf(name) } },
      ],
    });
  }

  addDelta(delta: Record<string, unknown>): void {
    this.say(textOf(delta["partial_json"]));
  }

  /** Arguments that did not come in pieces stood in the beginning, or there are none. */
  close(): void {
    if (!this.said) this.say(JSON.stringify(isObject(this.input) ? this.input : {}));
  }

  private say(fragment: string): void {
    if (fragment === "") return;
    this.said = true;
    this.listener.onDelta({ tool_calls: [{ index: this.index, function: { arguments: fragment } }] });
  }
}

/** A block that is nobody's business here, such as a tool that the service itself has run: kept as it came. */
class PassedBlock implements ContentBlock {
  private input = "";
  private length = 0;

  constructor(
    private readonly block: Record<string, unknown>,
    private readonly place: number,
    private readonly listener: BlockListener,
  ) {}

  addDelta(delta: Record<string, unknown>): void {
    for (const [key, value] of Object.entries(delta)) {
      if (key === "type" || value === null) continue;
      this.length += typeof value === "string" ? value.length : 0;
      if (this.length > LONGEST_UNHEARD) {
        throw new Failure("limit", "The service sent a content block that is longer than any should be.");
      }
      const known = Object.hasOwn(this.block, key) ? this.block[key] : undefined;
      if (key === "partial_json") this.input += textOf(value);
      else this.block[key] = typeof known === "string" && typeof value === "string" ? known + value : value;
    }
  }

  close(): void {
    if (this.input !== "") this.block["input"] = tryParseJson(this.input) ?? this.input;
    this.listener.onDelta({ [ANTHROPIC_BLOCKS]: { [this.place]: this.block } });
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
