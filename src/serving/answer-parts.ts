import type { Chunk } from "../core/chat/chunk.js";
import { splitText } from "./split-text.js";
import { type ToolStep, ToolSteps } from "./tool-steps.js";

/** What a part of an answer is. */
export type PartKind = "text" | "reasoning";

/** A step of an answer in forms that open and close each part. At most one part is open. */
export type PartStep =
  | { type: "open" | "close"; kind: PartKind; number: number }
  | { type: "delta"; kind: PartKind; number: number; text: string }
  | { type: "call"; call: ToolStep };

interface OpenPart {
  kind: PartKind;
  number: number;
}

/**
 * Divides an answer into parts: texts, reasoning and tool calls, in the order in which they come. Parts are numbered
 * from 0, tool calls apart from the rest.
 */
export class AnswerParts {
  private readonly tools: ToolSteps;
  private open: OpenPart | undefined;
  private count = 0;

  /** @param seed makes ids for calls that come without one */
  constructor(seed: string) {
    this.tools = new ToolSteps(seed);
  }

  addText(text: string): PartStep[] {
    return this.add("text", text);
  }

  /** @param text the chunk's answer text, which counts in place of its own */
  addChunk(chunk: Chunk, text: string): PartStep[] {
    const delta = chunk.choices.find(({ index }) => index === 0)?.delta;
    const { reasoning_content: reasoning, refusal, tool_calls: pieces } = delta ?? {};
    return [
      ...this.add("reasoning", typeof reasoning === "string" ? reasoning : ""),
      ...this.add("text", typeof refusal === "string" ? refusal : ""),
      ...this.add("text", text),
      ...this.addCalls(this.tools.add(pieces ?? [])),
    ];
  }

  /** Closes the part that is open. */
  close(): PartStep[] {
    const { open } = this;
    this.open = undefined;
    return open ? [{ type: "close", ...open }] : [];
  }

  /** Closes everything. Calls are whole only now. */
  end(): PartStep[] {
    const calls = this.addCalls(this.tools.end());
    return [...calls, ...this.close()];
  }

  private add(kind: PartKind, text: string): PartStep[] {
    const pieces = splitText(text);
    if (pieces.length === 0) return [];
    const opening = this.open?.kind === kind ? [] : this.openPart(kind);
    const { number } = this.open!;
    return [...opening, ...pieces.map((piece) => ({ type: "delta" as const, kind, number, text: piece }))];
  }

  private openPart(kind: PartKind): PartStep[] {
    const closing = this.close();
    this.open = { kind, number: this.count++ };
    return [...closing, { type: "open", ...this.open }];
  }

  private addCalls(calls: readonly ToolStep[]): PartStep[] {
    if (calls.length === 0) return [];
    return [...this.close(), ...calls.map((call) => ({ type: "call" as const, call }))];
  }
}
