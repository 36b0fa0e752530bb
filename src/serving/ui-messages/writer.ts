import type { Chunk } from "../../core/chat/chunk.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import { AnswerParts, type PartStep } from "../answer-parts.js";
import { describeFailure } from "../client-failure.js";
import type { AnswerEnd, AnswerName, FrameWriter, ToolNote } from "../form.js";
import { formatEvent, KEEP_ALIVE_COMMENT } from "../sse.js";
import type { ToolStep } from "../tool-steps.js";
import { readCounts } from "../usage.js";

/** Our finish reasons, as the AI SDK spells them. Any other word breaks its stream. */
const FINISH_REASONS: Readonly<Record<string, string>> = {
  stop: "stop",
  length: "length",
  tool_calls: "tool-calls",
  content_filter: "content-filter",
};

/** What the writer has to know of the request. */
export interface UiWriterOptions {
  /** Id of the message that the answer belongs to. A client that sends results of tools goes on with its message. */
  messageId: string;
  /** Names of the tools that the page knows. */
  tools: ReadonlySet<string>;
}

/** Writes the parts of an AI SDK UI message stream. */
export class UiWriter implements FrameWriter {
  private parts: AnswerParts;
  private readonly sources = new Set<string>();

  constructor(
    private readonly name: AnswerName,
    private readonly options: UiWriterOptions,
  ) {
    this.parts = new AnswerParts(name.id);
  }

  begin(): string {
    return (
      formatEvent({ type: "start", messageId: this.options.messageId }) + formatEvent({ type: "start-step" })
    );
  }

  writeText(text: string): string {
    return this.writeSteps(this.parts.addText(text));
  }

  writeChunk(chunk: Chunk, text: string): string {
    return (
      this.writeSteps(this.parts.addChunk(chunk, text)) + this.writeSources(chunk) + this.writeFiles(chunk)
    );
  }

  /** The tool is not the page's, so the page shows it and does not run it. */
  writeTool(note: ToolNote): string {
    const { id: toolCallId, name: toolName, arguments: input, result, isFailed } = note;
    const call = { toolCallId, providerExecuted: true, dynamic: true };
    const closing = this.writeSteps(this.parts.close());
    if (result === undefined)
      return closing + formatEvent({ type: "tool-input-available", ...call, toolName, input });
    return (
      closing +
      formatEvent(
        isFailed
          ? { type: "tool-output-error", ...call, errorText: result }
          : { type: "tool-output-available", ...call, output: tryParseJson(result) ?? result },
      )
    );
  }

  restart(): string {
    this.parts = new AnswerParts(this.name.id);
    this.sources.clear();
    return formatEvent({ type: "reset-step" });
  }

  end({ finishReason, usage, failure }: AnswerEnd): string {
    if (failure) {
      const { message } = describeFailure(failure);
      const closing = this.writeSteps(this.parts.close());
      return (
        closing +
        formatEvent(
          failure.code === "cancelled"
            ? { type: "abort", reason: message }
            : { type: "error", errorText: message },
        )
      );
    }
    const counts = readCounts(usage);
    const reason = FINISH_REASONS[finishReason] ?? "other";
    return [
      this.writeSteps(this.parts.end()),
      formatEvent({ type: "finish-step" }),
      formatEvent({
        type: "finish",
        finishReason: reason,
        ...(counts ? { messageMetadata: { usage: counts } } : {}),
      }),
      "data: [DONE]\n\n",
    ].join("");
  }

  keepAlive(): string {
    return KEEP_ALIVE_COMMENT;
  }

  private writeSteps(steps: readonly PartStep[]): string {
    return steps.map((step) => this.writeStep(step)).join("");
  }

  private writeStep(step: PartStep): string {
    if (step.type === "call") return this.writeCall(step.call);
    const id = `${step.kind}-${step.number}`;
    if (step.type === "delta") return formatEvent({ type: `${step.kind}-delta`, id, delta: step.text });
    return formatEvent({ type: `${step.kind}-${step.type === "open" ? "start" : "end"}`, id });
  }

  private writeCall(call: ToolStep): string {
    const toolCallId = call.id;
    if (call.type === "arguments")
      return formatEvent({ type: "tool-input-delta", toolCallId, inputTextDelta: call.text });
    const { name: toolName } = call;
    const more = this.options.tools.has(toolName) ? {} : { dynamic: true };
    if (call.type === "start")
      return formatEvent({ type: "tool-input-start", toolCallId, toolName, ...more });
    const input = call.isCustom ? call.arguments : tryParseJson(call.arguments);
    return formatEvent(
      input === undefined
        ? {
            type: "tool-input-error",
            toolCallId,
            toolName,
            input: call.arguments,
            errorText: "The arguments are no JSON.",
            ...more,
          }
        : { type: "tool-input-available", toolCallId, toolName, input, ...more },
    );
  }

  private writeSources(chunk: Chunk): string {
    const { annotations } = readDelta(chunk);
    const cited = listObjects(annotations).map(({ url_citation: citation, ...rest }) => citation ?? rest);
    let frames = "";
    for (const source of [...cited, ...(Array.isArray(chunk["citations"]) ? chunk["citations"] : [])]) {
      const { url, title } = typeof source === "string" ? { url: source } : isObject(source) ? source : {};
      if (typeof url !== "string" || this.sources.has(url)) continue;
      this.sources.add(url);
      const sourceId = `source-${this.sources.size}`;
      const more = typeof title === "string" ? { title } : {};
      frames += formatEvent({ type: "source-url", sourceId, url, ...more });
    }
    return frames;
  }

  private writeFiles(chunk: Chunk): string {
    let frames = "";
    for (const { image_url: image } of listObjects(readDelta(chunk).images)) {
      const { url } = isObject(image) ? image : {};
      if (typeof url !== "string") continue;
      const [, mediaType = "image/png"] = /^data:([\w/+.-]+)[;,]/.exec(url) ?? [];
      frames += formatEvent({ type: "file", url, mediaType });
    }
    return frames;
  }
}

function readDelta(chunk: Chunk): Partial<Chunk["choices"][0]["delta"]> {
  return chunk.choices.find(({ index }) => index === 0)?.delta ?? {};
}

function listObjects(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
