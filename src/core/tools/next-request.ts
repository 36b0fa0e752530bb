import type { AssistantMessage, ChatMessage } from "../chat/chunk.js";
import type { ChatRequest } from "../chat/request.js";
import { isEchoed } from "../chat/vendor-echo.js";
import { isObject } from "../json/parse.js";
import { readCalledName, readToolName, toAcceptedName } from "./name.js";

/**
 * Builds the request that follows a turn with tool calls.
 * @param request the request of that turn; it is not changed
 * @param answer the model's message, collected from its stream
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

/**
 * Reads the request that a stream's last message carries. It travelled through a flow, so nothing in it is trusted.
 * @returns undefined if it is not a request
 */
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
 * Builds the message with which the model gets its answer back. Its role and fields are this package's choice, not the
 * service's: the text, the calls, the reasoning and the vendors' signatures. Services refuse to read the rest (annotations,
 * images, audio data), and a field that a service made up must not reach another one.
 */
function buildAnswerMessage(answer: AssistantMessage): ChatMessage {
  const message: ChatMessage = { role: "assistant" };
  for (const field in answer)
    if (isEchoed(field) && answer[field] !== undefined) message[field] = answer[field];
  const id = answer.audio?.["id"];
  return typeof id === "string" ? { ...message, audio: { id } } : message;
}

/**
 * Replaces names of tool calls that services may refuse. A model sometimes makes a name up, and services may refuse the
 * whole request that repeats it. The names of offered tools stay as they are.
 */
function replaceInvalidNames(message: ChatMessage, tools: readonly unknown[] = []): ChatMessage {
  const { tool_calls: calls } = message as Partial<AssistantMessage>;
  if (!calls) return message;
  const offered = new Set(tools.map(readToolName));
  return {
    ...message,
    tool_calls: calls.map((call) => {
      const { function: called, custom } = call;
      if (offered.has(readCalledName(call))) return call;
      const name = toAcceptedName(readCalledName(call));
      return custom ? { ...call, custom: { ...custom, name } } : { ...call, function: { ...called!, name } };
    }),
  };
}

/** Relaxes a forced tool call. If the next turn had to call the tool again, the run would never end. */
function relaxParameters(parameters: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const choice = parameters["tool_choice"];
  return choice === undefined ? { ...parameters } : { ...parameters, tool_choice: relaxToolChoice(choice) };
}

/**
 * Turns a tool choice that forces a call into one that allows it. What the choice forbids stays forbidden. Understands the
 * forms of Chat Completions, Responses and Anthropic.
 */
function relaxToolChoice(choice: unknown): unknown {
  if (!isObject(choice)) return choice === "required" || choice === "any" ? "auto" : choice;
  const { type, allowed_tools: allowed, name: _name, ...rest } = choice;
  if (type === "auto" || type === "none") return choice;
  if (type === "allowed_tools") {
    return isObject(allowed)
      ? { ...choice, allowed_tools: { ...allowed, mode: "auto" } }
      : { ...choice, mode: "auto" };
  }
  return type === "any" || type === "tool" ? { ...rest, type: "auto" } : "auto";
}
