import type { Chunk } from "../../core/chat/chunk.js";
import { GrowingText } from "../../core/growing-text.js";
import { AnswerParts, type PartStep } from "../answer-parts.js";
import { describeFailure } from "../client-failure.js";
import type { AnswerEnd, AnswerName, FrameWriter } from "../form.js";
import { KEEP_ALIVE_COMMENT } from "../sse.js";
import type { ToolStep } from "../tool-steps.js";
import {
  buildItem,
  buildItemId,
  buildResponse,
  type ItemContent,
  type OutputItem,
  readAnnotations,
} from "./items.js";

/** An item on its way. */
interface OpenItem extends Omit<ItemContent, "text" | "isOpen" | "annotations"> {
  outputIndex: number;
  text: GrowingText;
  annotations: object[];
}

/** Where an item has its text. */
const CONTENT_AT = { content_index: 0 } as const;
const SUMMARY_AT = { summary_index: 0 } as const;

/** Writes the events of OpenAI's Responses. Each has a number, behind which a reader may go on. */
export class ResponsesWriter implements FrameWriter {
  private readonly parts: AnswerParts;
  /** The items that are whole. */
  readonly items: OutputItem[] = [];
  private readonly calls = new Map<number, OpenItem>();
  private current: OpenItem | undefined;
  /** Citations that came while no text was open. */
  private annotations: object[] = [];
  private itemCount = 0;
  private sequence = 0;

  /** @param skipTo number of the last event that the reader has; -1 for none */
  constructor(
    private readonly name: AnswerName,
    private readonly skipTo = -1,
  ) {
    this.parts = new AnswerParts(name.id);
  }

  begin(): string {
    const response = buildResponse(this.name, []);
    return this.write("response.created", { response }) + this.write("response.in_progress", { response });
  }

  writeText(text: string): string {
    return this.writeSteps(this.parts.addText(text));
  }

  writeChunk(chunk: Chunk, text: string): string {
    const frames = this.writeSteps(this.parts.addChunk(chunk, text));
    const delta = chunk.choices.find(({ index }) => index === 0)?.delta;
    this.annotations.push(...readAnnotations(delta?.annotations));
    return frames + this.writeAnnotations();
  }

  /** Nothing: clients run the calls that they get. */
  writeTool(): string {
    return "";
  }

  restart(): undefined {}

  end(end: AnswerEnd): string {
    const { failure, finishReason } = end;
    if (failure) {
      const { code, message, param } = describeFailure(failure);
      return this.write("error", { code: code ?? failure.code, message, param });
    }
    const closing = this.writeSteps(this.parts.end());
    const isCut = finishReason === "length" || finishReason === "content_filter";
    const response = buildResponse(this.name, this.items, end);
    return closing + this.write(isCut ? "response.incomplete" : "response.completed", { response });
  }

  /** A comment, or a record that clients know: of any other kind they would throw. */
  keepAlive(needsRecord: boolean): string {
    return needsRecord
      ? `event: keepalive\ndata: {"type":"keepalive","sequence_number":${this.sequence}}\n\n`
      : KEEP_ALIVE_COMMENT;
  }

  private writeSteps(steps: readonly PartStep[]): string {
    return steps.map((step) => this.writeStep(step)).join("");
  }

  private writeStep(step: PartStep): string {
    if (step.type === "call") return this.writeCall(step.call);
    if (step.type === "open")
      return this.openItem({ kind: step.kind, id: buildItemId(this.name, step.kind, step.number) });
    return step.type === "delta" ? this.writeDelta(step.text) : this.closeItem(this.current!);
  }

  private writeCall(call: ToolStep): string {
    const kind = call.isCustom ? "custom" : "function";
    if (call.type === "start") {
      const id = buildItemId(this.name, kind, call.index);
      const frames = this.openItem({ kind, id, callId: call.id, name: call.name });
      this.calls.set(call.index, this.current!);
      return frames;
    }
    const item = this.calls.get(call.index)!;
    if (call.type === "arguments") {
      this.current = item;
      return this.writeDelta(call.text);
    }
    return this.closeItem(item, call.arguments);
  }

  private openItem(content: Pick<ItemContent, "kind" | "id" | "callId" | "name">): string {
    const item: OpenItem = {
      ...content,
      outputIndex: this.itemCount++,
      text: new GrowingText(),
      annotations: [],
    };
    this.current = item;
    const added = this.write("response.output_item.added", {
      output_index: item.outputIndex,
      item: buildItem({ ...content, text: "", isOpen: true }),
    });
    if (item.kind === "text")
      return (
        added +
        this.writeAt(item, "response.content_part.added", { ...CONTENT_AT, part: buildTextPart("", []) })
      );
    if (item.kind === "reasoning")
      return (
        added +
        this.writeAt(item, "response.reasoning_summary_part.added", {
          ...SUMMARY_AT,
          part: buildSummaryPart(""),
        })
      );
    return added;
  }

  private writeDelta(delta: string): string {
    const item = this.current!;
    item.text.append(delta);
    if (item.kind === "text")
      return this.writeAt(item, "response.output_text.delta", { ...CONTENT_AT, delta, logprobs: [] });
    if (item.kind === "reasoning")
      return this.writeAt(item, "response.reasoning_summary_text.delta", { ...SUMMARY_AT, delta });
    const event = item.kind === "custom" ? "custom_tool_call_input" : "function_call_arguments";
    return this.writeAt(item, `response.${event}.delta`, { delta });
  }

  /** Sends citations to the text that is open; else to the next one. */
  private writeAnnotations(): string {
    const item = this.current;
    if (item?.kind !== "text" || this.annotations.length === 0) return "";
    const added = this.annotations;
    this.annotations = [];
    const first = item.annotations.length;
    item.annotations.push(...added);
    return added
      .map((annotation, at) =>
        this.writeAt(item, "response.output_text.annotation.added", {
          ...CONTENT_AT,
          annotation_index: first + at,
          annotation,
        }),
      )
      .join("");
  }

  private closeItem(item: OpenItem, whole = item.text.toString()): string {
    if (this.current === item) this.current = undefined;
    const { kind, id, callId, name, annotations, outputIndex } = item;
    const done = buildItem({
      kind,
      id,
      text: whole,
      isOpen: false,
      annotations,
      ...(callId === undefined ? {} : { callId }),
      ...(name === undefined ? {} : { name }),
    });
    this.items[outputIndex] = done;
    return (
      this.writeWhole(item, whole) +
      this.write("response.output_item.done", { output_index: outputIndex, item: done })
    );
  }

  private writeWhole(item: OpenItem, text: string): string {
    if (item.kind === "text")
      return (
        this.writeAt(item, "response.output_text.done", { ...CONTENT_AT, text, logprobs: [] }) +
        this.writeAt(item, "response.content_part.done", {
          ...CONTENT_AT,
          part: buildTextPart(text, item.annotations),
        })
      );
    if (item.kind === "reasoning")
      return (
        this.writeAt(item, "response.reasoning_summary_text.done", { ...SUMMARY_AT, text }) +
        this.writeAt(item, "response.reasoning_summary_part.done", {
          ...SUMMARY_AT,
          part: buildSummaryPart(text),
        })
      );
    return item.kind === "custom"
      ? this.writeAt(item, "response.custom_tool_call_input.done", { input: text })
      : this.writeAt(item, "response.function_call_arguments.done", { name: item.name, arguments: text });
  }

  private writeAt(item: OpenItem, type: string, fields: object): string {
    return this.write(type, { item_id: item.id, output_index: item.outputIndex, ...fields });
  }

  private write(type: string, fields: object): string {
    const number = this.sequence++;
    if (number <= this.skipTo) return "";
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: number, ...fields })}\n\n`;
  }
}

function buildTextPart(text: string, annotations: readonly object[]): object {
  return { type: "output_text", text, annotations, logprobs: [] };
}

function buildSummaryPart(text: string): object {
  return { type: "summary_text", text };
}
