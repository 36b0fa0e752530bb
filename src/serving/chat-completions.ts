import { CHUNK_LISTS, type Chunk, type Delta, type ToolCallDelta } from "../core/chat/chunk.js";
import { Failure } from "../core/failure.js";
import { isObject } from "../core/json/parse.js";
import { buildRetryHeaders, type ClientFailure, describeFailure } from "./client-failure.js";
import type {
  AnswerEnd,
  AnswerName,
  Form,
  FormRequest,
  FrameWriter,
  HttpAnswer,
  WholeAnswer,
} from "./form.js";
import {
  readClientName,
  readClientTools,
  readConversation,
  readModelField,
  readSwitch,
  refuseFields,
  selectOptions,
} from "./request-fields.js";
import { splitText } from "./split-text.js";
import { EVENT_STREAM_HEADERS, formatEvent, KEEP_ALIVE_COMMENT } from "./sse.js";
import { type ToolStep, ToolSteps } from "./tool-steps.js";
import { readCounts } from "./usage.js";

/** OpenAI's Chat Completions. */
export const CHAT_COMPLETIONS: Form = {
  name: "chat",
  streamHeaders: EVENT_STREAM_HEADERS,
  readRequest: readChatCompletionsRequest,
  buildError: buildOpenAiError,
};

/** The finish reasons that clients know. Any other reason of a whole answer becomes `stop`. */
const FINISH_REASONS: ReadonlySet<string> = new Set(["stop", "length", "tool_calls", "content_filter"]);

/** Fields of a delta that are written apart, or not at all. */
const OWN_DELTA_FIELDS: ReadonlySet<string> = new Set(["role", "content", "tool_calls", "name"]);

/** Texts of a delta that may be too long for one frame. */
const LONG_TEXTS = ["reasoning_content", "refusal"] as const;

/** How clients brought tools before `tools`, and what to do instead. */
const OUTDATED: Readonly<Record<string, string>> = {
  functions: "send tools",
  function_call: "send tool_choice",
};

function readChatCompletionsRequest(body: Record<string, unknown>): FormRequest {
  refuseFields(body, OUTDATED);
  const { n, stream_options: streamOptions } = body;
  if (n !== undefined && n !== null && n !== 1)
    throw new Failure("invalid_request", "The field n of the request must be 1: there is one answer.");
  const includesUsage = isObject(streamOptions) && streamOptions["include_usage"] === true;
  const tools = readClientTools(body["tools"]);
  return {
    request: {
      model: readModelField(body["model"]),
      messages: readConversation(body["messages"]),
      ...(tools ? { tools } : {}),
      options: selectOptions(body),
      isStreamed: readSwitch(body["stream"], "stream", false),
      conversation: readClientName(body["chat_id"]) || readClientName(body["session_id"]),
      user: readClientName(body["user"]),
    },
    createWriter: (name) => new ChatCompletionsWriter(name, includesUsage),
    buildBody: buildChatCompletion,
  };
}

/** Builds the error of a request in OpenAI's words: all four fields, which SDKs read. */
export function buildOpenAiError(failure: ClientFailure): HttpAnswer {
  return {
    status: failure.status,
    headers: { "Content-Type": "application/json; charset=utf-8", ...buildRetryHeaders(failure) },
    body: JSON.stringify(buildErrorObject(failure)),
  };
}

function buildErrorObject({ message, type, param, code }: ClientFailure): object {
  return { error: { message, type, param, code } };
}

/** Names the end of an answer that is whole in the words of Chat Completions. */
function toFinishReason(reason: string): string {
  return FINISH_REASONS.has(reason) ? reason : "stop";
}

/** Writes the chunks of Chat Completions, in the order and with the fields that the strictest clients need. */
class ChatCompletionsWriter implements FrameWriter {
  /** What stands before the delta in each chunk. */
  private readonly head: string;
  private readonly envelope: Readonly<Record<string, unknown>>;
  private readonly tools: ToolSteps;

  constructor(
    name: AnswerName,
    private readonly includesUsage: boolean,
  ) {
    this.envelope = {
      id: `chatcmpl-${name.id}`,
      object: "chat.completion.chunk",
      created: name.created,
      model: name.model,
    };
    this.head = `data: ${JSON.stringify(this.envelope).slice(0, -1)},"choices":[{"index":0,"delta":`;
    this.tools = new ToolSteps(name.id);
  }

  begin(): string {
    return this.writeDelta({ role: "assistant", content: "" });
  }

  writeText(text: string): string {
    return splitText(text)
      .map((piece) => `${this.head}{"content":${JSON.stringify(piece)}},"finish_reason":null}]}\n\n`)
      .join("");
  }

  writeChunk(chunk: Chunk, text: string): string {
    const choice = chunk.choices.find(({ index }) => index === 0);
    let frames = this.writeOwnFields(chunk, choice?.delta ?? {}, choice?.logprobs);
    frames += this.writeText(text);
    return frames + this.writeToolCalls(choice?.delta.tool_calls ?? []);
  }

  /** Nothing: clients run the calls that they get. */
  writeTool(): string {
    return "";
  }

  restart(): undefined {}

  end({ finishReason, usage, failure }: AnswerEnd): string {
    if (failure) return formatEvent(buildErrorObject(describeFailure(failure)));
    const steps = this.writeSteps(this.tools.end());
    const choices = [{ index: 0, delta: {}, finish_reason: toFinishReason(finishReason) }];
    const counts = this.includesUsage ? buildUsage(usage) : undefined;
    return [
      steps,
      formatEvent({ ...this.envelope, choices }),
      counts ? formatEvent({ ...this.envelope, choices: [], usage: counts }) : "",
      "data: [DONE]\n\n",
    ].join("");
  }

  keepAlive(needsRecord: boolean): string {
    return needsRecord ? this.writeDelta({}) : KEEP_ALIVE_COMMENT;
  }

  /** Writes what a chunk has beside text and tool calls: reasoning, refusals, annotations, sound, pictures. */
  private writeOwnFields(chunk: Chunk, delta: Delta, logprobs: unknown): string {
    const fields: Record<string, unknown> = {};
    let frames = "";
    for (const key in delta) {
      const value = delta[key];
      if (OWN_DELTA_FIELDS.has(key) || value === null || value === undefined || value === "") continue;
      fields[key] = value;
    }
    for (const key of LONG_TEXTS) {
      const pieces = splitText(typeof fields[key] === "string" ? fields[key] : "");
      if (pieces.length < 2) continue;
      delete fields[key];
      for (const piece of pieces) frames += this.writeDelta({ [key]: piece });
    }
    const lists = selectLists(chunk);
    if (Object.keys(fields).length === 0 && Object.keys(lists).length === 0 && !logprobs) return frames;
    const choice = { index: 0, delta: fields, ...(logprobs ? { logprobs } : {}), finish_reason: null };
    return frames + formatEvent({ ...this.envelope, choices: [choice], ...lists });
  }

  private writeToolCalls(pieces: readonly ToolCallDelta[]): string {
    return this.writeSteps(this.tools.add(pieces));
  }

  private writeSteps(steps: readonly ToolStep[]): string {
    let frames = "";
    for (const step of steps) {
      const { index, isCustom } = step;
      if (step.type === "start") {
        const { id, name, fields } = step;
        const call = isCustom
          ? { type: "custom", custom: { name, input: "" } }
          : { type: "function", function: { name, arguments: "" } };
        frames += this.writeDelta({ tool_calls: [{ ...fields, index, id, ...call }] });
      } else if (step.type === "arguments") {
        const { text } = step;
        const piece = isCustom ? { custom: { input: text } } : { function: { arguments: text } };
        frames += this.writeDelta({ tool_calls: [{ index, ...piece }] });
      }
    }
    return frames;
  }

  private writeDelta(delta: object): string {
    return `${this.head}${JSON.stringify(delta)},"finish_reason":null}]}\n\n`;
  }
}

/** Lists of sources that some clients show. What else a service puts beside the choices is between it and the flow. */
function selectLists(chunk: Chunk): Record<string, unknown> {
  const lists: Record<string, unknown> = {};
  for (const key of CHUNK_LISTS) if (Array.isArray(chunk[key])) lists[key] = chunk[key];
  return lists;
}

function buildUsage(usage: AnswerEnd["usage"]): object | undefined {
  const counts = readCounts(usage);
  if (!counts) return undefined;
  return {
    ...usage,
    prompt_tokens: counts.prompt,
    completion_tokens: counts.completion,
    total_tokens: counts.total,
  };
}

/** Builds the body of an answer that is not streamed. */
function buildChatCompletion(name: AnswerName, { completion, end }: WholeAnswer): object {
  const [choice] = completion.choices;
  const message = { refusal: null, ...(choice?.message ?? { role: "assistant", content: "" }) };
  const usage = buildUsage(end.usage);
  return {
    id: `chatcmpl-${name.id}`,
    object: "chat.completion",
    created: name.created,
    model: name.model,
    choices: [
      {
        index: 0,
        message: { ...message, role: "assistant" },
        logprobs: choice?.logprobs ?? null,
        finish_reason: toFinishReason(end.finishReason),
      },
    ],
    ...selectLists(completion as unknown as Chunk),
    ...(usage ? { usage } : {}),
  };
}
