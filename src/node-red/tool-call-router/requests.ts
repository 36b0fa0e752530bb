import type { ChatRequest } from "../../core/chat/request.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { mergeTools } from "../../core/tools/definitions.js";
import { readToolName } from "../../core/tools/name.js";
import { inheritProperties } from "../messages/inherited-properties.js";
import { tagOf } from "../messages/retry-tag.js";
import type { RunTag } from "../messages/run-tag.js";
import type { Message } from "../red/api.js";
import { copyAsJson } from "../red/plain-copy.js";
import type { ToolCallTag } from "./messages.js";
import type { RouterRun } from "./run.js";
import { optionsOf, type RouterSettings } from "./settings.js";

/**
 * A request on its way to the model, with the tools.
 * @returns the message, and what its author is told of the tools that it brought
 * @throws Failure `invalid_request`, `configuration`
 */
export function firstRequest(
  message: Message,
  settings: RouterSettings,
  tag: RunTag,
): { message: Message; warnings: string[] } {
  const options = message.options ?? {};
  if (!isObject(options)) throw new Failure("invalid_request", "msg.options has to be an object.");
  const given = givenTools(message, options);
  if (!Array.isArray(given)) throw new Failure("invalid_request", "msg.tools has to be an array of tools.");
  const { tools, replaced } = mergeTools(given, settings.tools);
  const first: Message = { ...message, toolRun: tag };
  if (tools.length > 0) {
    const names = new Set(tools.map((definition) => readToolName(definition) ?? ""));
    // A copy: what happens to the message on its way must not reach what the node offers next time.
    first["tools"] = copyAsJson(tools, "msg.tools");
    first["options"] = { ...optionsOf(settings, names), ...options };
  }
  const warnings = replaced.map(
    (name) => `The message brought a tool “${name}” of its own; this node's tool of that name is used.`,
  );
  const lost = settings.otherTools ? [] : otherNames(given, settings);
  if (lost.length > 0) {
    warnings.push(
      `The message brought tools that this node has no output for: ${lost.join(", ")}. The model may call them, and nothing answers. Tick the output for other tools, or leave them out.`,
    );
  }
  return { message: first, warnings };
}

/** Has whoever streams for a run stop this stream, and forget the conversation that it is of. */
export function resetMessage(run: RouterRun, id: string): Message {
  const { toolRun: _, retry: _retry, toolCall: _call, ...riding } = inheritProperties(run.base);
  return { ...riding, reset: true, parts: { id, index: 0 } };
}

/** The names of a request's own tools; a service's own are no functions, and nobody here has to answer them. */
function otherNames(given: readonly unknown[], { tools }: RouterSettings): string[] {
  const names = given.map(readToolName).filter((name) => name !== undefined && !tools.has(name));
  return [...new Set(names)].slice(0, 10).map((name) => name!.slice(0, 80));
}

/** A run's next turn. */
export function nextTurn(run: RouterRun, node: string, request: ChatRequest): Message {
  const last = run.last!;
  const tag: RunTag = { node, run: run.key, round: run.round };
  if (run.stream !== undefined) tag.stream = run.stream;
  if (run.outer) tag.outer = run.outer;
  const message: Message = {
    ...inheritProperties(last),
    payload: "",
    messages: request.messages,
    options: request.parameters,
    toolRun: tag,
  };
  if (request.model !== "") message["model"] = request.model;
  if (request.tools) message["tools"] = request.tools;
  if (last["conversation"] !== undefined) message["conversation"] = last["conversation"];
  if (last.parts.parts) message.parts = last.parts.parts;
  const retry = tagOf(message);
  // What the turn before went on from, this one does not.
  if (retry?.continues) message["retry"] = { ...retry, continues: undefined };
  return message;
}

/**
 * A call on its way to its tool. What belongs to the run's own stream stays behind. Its `_msgid` tells an answer that has
 * lost its `toolCall` from a request: a function node that returns a new object keeps that much.
 */
export function callMessage(run: RouterRun, tag: ToolCallTag): Message {
  const { toolRun: _, retry: _retry, toolCall: outer, ...riding } = inheritProperties(run.last!);
  const toolCall = outer === undefined ? tag : { ...tag, outer };
  return { ...riding, _msgid: run.key, payload: structuredClone(tag.arguments), toolCall };
}

/** Tools stand in `msg.tools`, in the options, or in a prompt that is an object of request fields. */
function givenTools({ tools, payload }: Message, options: Record<string, unknown>): unknown {
  const prompted = isObject(payload) && Array.isArray(payload["tools"]) ? payload["tools"] : [];
  return tools ?? options["tools"] ?? prompted;
}
