import type { AssistantMessage, ChatMessage } from "../chat/chunk.js";
import type { ChatRequest } from "../chat/request.js";
import { isObject } from "../json/parse.js";
import { readToolName } from "./name.js";

/**
 * The request that comes after a turn with tool calls.
 * @param request that of the turn
 * @param answer what the model said, as its stream was put together
 * @param results the tools' messages, one for each call
 */
export function buildNextRequest(
  request: ChatRequest,
  answer: AssistantMessage,
  results: readonly ChatMessage[],
): ChatRequest {
  const next: ChatRequest = {
    model: request.model,
    messages: [
      ...request.messages,
      replaceInvalidNames(buildAnswerMessage(answer), request.tools),
      ...results,
    ],
    parameters: relaxParameters(request.parameters ?? {}),
  };
  if (request.tools) next.tools = request.tools;
  return next;
}

/** The request of a stream, as its last message has it: it has travelled through a flow. */
export function readChatRequest(value: unknown): ChatRequest | undefined {
  if (!isObject(value) || !Array.isArray(value["messages"])) return undefined;
  const { model, messages, tools, parameters } = value;
  const request: ChatRequest = {
    model: typeof model === "string" ? model : "",
    messages: messages as ChatMessage[],
    parameters: isObject(parameters) ? parameters : {},
  };
  if (Array.isArray(tools)) request.tools = tools;
  return request;
}

/**
 * The answer as the model gets it back: all that it said, with its reasoning and the vendors' marks on it, but
 * nothing that services refuse to read (annotations, pictures, the sound itself).
 */
function buildAnswerMessage({
  annotations: _,
  images: _images,
  audio,
  ...said
}: AssistantMessage): ChatMessage {
  if (typeof audio?.["id"] !== "string") return said;
  return { ...said, audio: { id: audio["id"] } };
}

/**
 * A message with the names of its calls as services take them back (OpenAI's reference of `tool_calls.function.name`):
 * a model makes names up, and a request that repeats one may be refused as a whole. One that was offered is right.
 */
function replaceInvalidNames(message: ChatMessage, tools: readonly unknown[] = []): ChatMessage {
  const { tool_calls: calls } = message as Partial<AssistantMessage>;
  if (!calls) return message;
  const offered = new Set(tools.map(readToolName));
  return {
    ...message,
    tool_calls: calls.map((call) => {
      const { name } = call.function;
      if (offered.has(name)) return call;
      const possible = name.slice(0, 64).replace(/[^A-Za-z0-9_-]/g, "_") || "unknown";
      return { ...call, function: { ...call.function, name: possible } };
    }),
  };
}

/** A tool that has to be called in every turn is called for ever. */
function relaxParameters(parameters: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const choice = parameters["tool_choice"];
  return choice === undefined ? { ...parameters } : { ...parameters, tool_choice: relaxToolChoice(choice) };
}

/** The same choice without its force: what it forbids stays forbidden. Chat Completions' forms, and Anthropic's. */
function relaxToolChoice(choice: unknown): unknown {
  if (!isObject(choice)) return choice === "required" || choice === "any" ? "auto" : choice;
  const { type, allowed_tools: allowed, name: _, ...more } = choice;
  if (type === "auto" || type === "none") return choice;
  if (type === "allowed_tools" && isObject(allowed))
    return { ...choice, allowed_tools: { ...allowed, mode: "auto" } };
  return type === "any" || type === "tool" ? { ...more, type: "auto" } : "auto";
}
