import type { AssistantMessage, ChatMessage } from "./chunk.js";
import { isObject } from "./json.js";
import type { ChatRequest } from "./request.js";

/**
 * The request that comes after a turn with tool calls.
 * @param request that of the turn
 * @param answer what the model said, as its stream was put together
 * @param results the tools' messages, one for each call
 */
export function nextRequest(
  request: ChatRequest,
  answer: AssistantMessage,
  results: readonly ChatMessage[],
): ChatRequest {
  const next: ChatRequest = {
    model: request.model,
    messages: [...request.messages, echoOf(answer), ...results],
    parameters: withoutForce(request.parameters ?? {}),
  };
  if (request.tools) next.tools = request.tools;
  return next;
}

/** The request of a stream, as its last message has it: it has travelled through a flow. */
export function readRequest(value: unknown): ChatRequest | undefined {
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
function echoOf({ annotations: _, images: _images, audio, ...said }: AssistantMessage): ChatMessage {
  if (typeof audio?.["id"] !== "string") return said;
  return { ...said, audio: { id: audio["id"] } };
}

/** A tool that has to be called in every turn is called for ever. */
function withoutForce(parameters: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const choice = parameters["tool_choice"];
  const forced = isObject(choice) || choice === "required" || choice === "any";
  return forced ? { ...parameters, tool_choice: "auto" } : { ...parameters };
}
