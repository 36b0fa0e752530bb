import type { Chunk } from "../core/chat/chunk.js";
import { buildOpenAiError } from "./chat-completions.js";
import { describeFailure } from "./client-failure.js";
import type {
  AnswerEnd,
  AnswerName,
  Form,
  FormRequest,
  FrameWriter,
  RequestSource,
  ToolNote,
} from "./form.js";
import {
  createFieldFailure,
  readClientName,
  readClientTools,
  readConversation,
  readModelField,
  selectOptions,
} from "./request-fields.js";
import { EVENT_STREAM_HEADERS, KEEP_ALIVE_COMMENT } from "./sse.js";

/** Plain server-sent events, for a page that reads them with `EventSource` and no library. */
export const EVENTS: Form = {
  name: "events",
  streamHeaders: EVENT_STREAM_HEADERS,
  readRequest: readEventsRequest,
  buildError: buildOpenAiError,
};

/** How long a browser waits before it connects again. */
const RETRY_MS = 3000;

/** Where a reader goes on: behind the message with this index, or nowhere because it has everything. */
export interface EventPlace {
  answerId: string;
  index: number | "end";
}

/** Reads the id of an event (`Last-Event-ID`). @returns undefined if it is not one that we sent */
export function readEventId(value: unknown): EventPlace | undefined {
  const [, answerId, index] =
    (typeof value === "string" && /^([\w-]{1,64}):(-1|\d{1,9}|end)$/.exec(value)) || [];
  if (answerId === undefined) return undefined;
  return { answerId, index: index === "end" ? "end" : Number(index) };
}

function readEventsRequest(body: Record<string, unknown>, source: RequestSource): FormRequest {
  const { prompt, messages = [{ role: "user", content: prompt }] } = body;
  if (body["messages"] === undefined && (typeof prompt !== "string" || prompt === ""))
    throw createFieldFailure("prompt", "a text, unless the field messages has the conversation");
  const tools = readClientTools(body["tools"]);
  return {
    request: {
      model: source.model || readModelField(body["model"]),
      messages: readConversation(messages),
      ...(tools ? { tools } : {}),
      options: selectOptions(body),
      isStreamed: true,
      conversation: readClientName(body["id"]),
      user: readClientName(body["user"]),
    },
    createWriter: createEventsWriter,
  };
}

/** Creates a writer of events. Any answer can be read as events. */
export function createEventsWriter(name: AnswerName, start = 0): FrameWriter {
  return new EventsWriter(name, start);
}

/** Writes messages as events. The id of each is the place behind which a reader goes on. */
class EventsWriter implements FrameWriter {
  constructor(
    private readonly name: AnswerName,
    private next: number,
  ) {}

  begin(): string {
    const { id, model } = this.name;
    return `retry: ${RETRY_MS}\n${this.writeEvent("start", { id, model }, this.next - 1)}`;
  }

  writeText(text: string): string {
    return this.writeEvent("", { payload: text }, this.next++);
  }

  writeChunk(chunk: Chunk, text: string): string {
    const {
      role: _,
      content: _content,
      ...delta
    } = chunk.choices.find(({ index }) => index === 0)?.delta ?? {};
    const index = this.next++;
    if (text === "" && Object.keys(delta).length === 0) return "";
    return this.writeEvent("", { payload: text, delta }, index);
  }

  writeTool(note: ToolNote): string {
    return this.writeEvent("tool", note, this.next++);
  }

  restart(start: number): string {
    this.next = start;
    return this.writeEvent("reset", {}, start - 1);
  }

  end({ finishReason, usage, failure }: AnswerEnd): string {
    if (!failure) return this.writeEvent("done", { finishReason, usage }, "end");
    const { code, message } = describeFailure(failure);
    return this.writeEvent("failed", { code: code ?? failure.code, message }, "end");
  }

  keepAlive(): string {
    return KEEP_ALIVE_COMMENT;
  }

  private writeEvent(event: string, data: unknown, index: number | "end"): string {
    const name = event === "" ? "" : `event: ${event}\n`;
    return `${name}id: ${this.name.id}:${index}\ndata: ${JSON.stringify(data)}\n\n`;
  }
}
