import type { Chunk } from "../../core/chat/chunk.js";
import { AnswerParts, type PartStep } from "../answer-parts.js";
import { describeFailure } from "../client-failure.js";
import type { AnswerEnd, AnswerName, FrameWriter, ToolNote } from "../form.js";
import { formatEvent, KEEP_ALIVE_COMMENT } from "../sse.js";
import type { ToolStep } from "../tool-steps.js";
import { readCounts } from "../usage.js";

/** The run that an answer belongs to, as the client names it. */
export interface AgentRun {
  threadId: string;
  runId: string;
}

/** Writes the events of AG-UI. Everything that is opened is closed before the run ends; else the client fails. */
export class AgUiWriter implements FrameWriter {
  private readonly parts: AnswerParts;
  private readonly calls: string[] = [];

  constructor(
    private readonly name: AnswerName,
    private readonly run: AgentRun,
  ) {
    this.parts = new AnswerParts(name.id);
  }

  begin(): string {
    return formatEvent({ type: "RUN_STARTED", ...this.run });
  }

  writeText(text: string): string {
    return this.writeSteps(this.parts.addText(text));
  }

  writeChunk(chunk: Chunk, text: string): string {
    return this.writeSteps(this.parts.addChunk(chunk, text));
  }

  /** A call that has its result in the same run is not run by the client. */
  writeTool({ id, name, arguments: input, result }: ToolNote): string {
    const closing = this.writeSteps(this.parts.close());
    if (result !== undefined) {
      const messageId = `${this.name.id}-result-${id}`;
      return (
        closing +
        formatEvent({ type: "TOOL_CALL_RESULT", messageId, toolCallId: id, content: result, role: "tool" })
      );
    }
    return [
      closing,
      formatEvent({ type: "TOOL_CALL_START", toolCallId: id, toolCallName: name }),
      formatEvent({ type: "TOOL_CALL_ARGS", toolCallId: id, delta: JSON.stringify(input) }),
      formatEvent({ type: "TOOL_CALL_END", toolCallId: id }),
    ].join("");
  }

  restart(): undefined {}

  end({ usage, failure }: AnswerEnd): string {
    if (failure) {
      const { message, code } = describeFailure(failure);
      return formatEvent({ type: "RUN_ERROR", message, ...(code === null ? {} : { code }) });
    }
    const closing = this.writeSteps(this.parts.end());
    const counts = readCounts(usage);
    const { model } = this.name;
    const uses = counts && {
      usage: [
        { model, inputTokens: counts.prompt, outputTokens: counts.completion, totalTokens: counts.total },
      ],
    };
    const pending = this.calls.length > 0 ? { pendingToolCallIds: this.calls } : {};
    const outcome = { outcome: { type: "success", ...pending } };
    return closing + formatEvent({ type: "RUN_FINISHED", ...this.run, ...outcome, ...uses });
  }

  keepAlive(): string {
    return KEEP_ALIVE_COMMENT;
  }

  private writeSteps(steps: readonly PartStep[]): string {
    return steps.map((step) => this.writeStep(step)).join("");
  }

  private writeStep(step: PartStep): string {
    if (step.type === "call") return this.writeCall(step.call);
    const messageId = `${this.name.id}-${step.number}`;
    const isText = step.kind === "text";
    const message = isText ? "TEXT_MESSAGE" : "REASONING_MESSAGE";
    if (step.type === "delta")
      return formatEvent({ type: `${message}_CONTENT`, messageId, delta: step.text });
    if (step.type === "open")
      return (
        (isText ? "" : formatEvent({ type: "REASONING_START", messageId })) +
        formatEvent({ type: `${message}_START`, messageId, role: isText ? "assistant" : "reasoning" })
      );
    return (
      formatEvent({ type: `${message}_END`, messageId }) +
      (isText ? "" : formatEvent({ type: "REASONING_END", messageId }))
    );
  }

  private writeCall(call: ToolStep): string {
    const toolCallId = call.id;
    if (call.type === "arguments")
      return formatEvent({ type: "TOOL_CALL_ARGS", toolCallId, delta: call.text });
    if (call.type === "finish") return formatEvent({ type: "TOOL_CALL_END", toolCallId });
    this.calls.push(toolCallId);
    return formatEvent({ type: "TOOL_CALL_START", toolCallId, toolCallName: call.name });
  }
}
