import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { mergeTools, type Tool } from "../../core/tools/definitions.js";
import { readToolName } from "../../core/tools/name.js";
import { type AskTag, type RunTag, readTags, replaceTags } from "../messages/ask-tags.js";
import { inheritProperties } from "../messages/inherited-properties.js";
import type { Message } from "../red/api.js";
import { copyAsJson } from "../red/plain-copy.js";
import { composeNextRequest } from "../wires/next-request.js";
import type { RunRecord } from "./record.js";
import { buildToolOptions, type RouterSettings } from "./settings.js";

/**
 * Composes a run's first request, with the tools.
 * @param ownTools the tools of this node, by name
 * @returns the message, and what its author should know of the tools that it brought
 * @throws Failure `invalid_request`, `configuration`
 */
export function composeFirstTurn(
  message: Message,
  settings: RouterSettings,
  ownTools: ReadonlyMap<string, Tool>,
  tag: RunTag,
): { message: Message; warnings: string[] } {
  const options = message.options ?? {};
  if (!isObject(options)) throw new Failure("invalid_request", "msg.options has to be an object.");
  const requestTools = readGivenTools(message, options);
  if (!Array.isArray(requestTools))
    throw new Failure("invalid_request", "msg.tools has to be an array of tools.");
  const { tools, replaced } = mergeTools(requestTools, ownTools);
  const first = replaceTags(message, [...readTags(message), tag]);
  if (tools.length > 0) {
    const names = new Set(tools.map((definition) => readToolName(definition) ?? ""));
    // A copy: what happens to the message on its way must not reach what the node offers next time.
    first["tools"] = copyAsJson(tools, "msg.tools");
    first["options"] = { ...buildToolOptions(settings, names), ...options };
  }
  const warnings = replaced.map(
    (name) => `The message brought a tool “${name}” of its own; this node's tool of that name is used.`,
  );
  const lost = settings.otherTools ? [] : listOtherNames(requestTools, ownTools);
  if (lost.length > 0) {
    warnings.push(
      `The message brought tools that this node has no output for: ${lost.join(", ")}. The model may call them, and nothing answers. Tick the output for other tools, or leave them out.`,
    );
  }
  return { message: first, warnings };
}

/** Composes a command for whoever streams for a run: stop this stream, and forget the conversation that it belongs to. */
export function composeReset({ base }: RunRecord, id: string): Message {
  const { toolCall: _, ...riding } = inheritProperties(base);
  return { ...replaceTags(riding, []), reset: true, parts: { id, index: 0 } };
}

/** The names of a request's own tools; a service's own are no functions, and nobody here has to answer them. */
function listOtherNames(given: readonly unknown[], tools: ReadonlyMap<string, Tool>): string[] {
  const names = given.map(readToolName).filter((name) => name !== undefined && !tools.has(name));
  return [...new Set(names)].slice(0, 10).map((name) => name!.slice(0, 80));
}

/** Composes a run's next turn, and the tag that its answer brings back. */
export function composeNextTurn(record: RunRecord, node: string): { message: Message; tag: RunTag } {
  const { key: run, round, stream } = record;
  const tag: RunTag = { kind: "run", node, run, round, ...(stream === undefined ? {} : { stream }) };
  const tags = [...record.outerTags.map(omitContinuation), tag];
  return { message: composeNextRequest(record.last!, record.request!, tags), tag };
}

/** A tag for a later turn: what the turn before continued, this one does not. */
function omitContinuation(tag: AskTag): AskTag {
  return tag.kind === "retry" && tag.continues ? { ...tag, continues: undefined } : tag;
}

/** Tools stand in `msg.tools`, in the options, or in a prompt that is an object of request fields. */
function readGivenTools({ tools, payload }: Message, options: Record<string, unknown>): unknown {
  const prompted = isObject(payload) && Array.isArray(payload["tools"]) ? payload["tools"] : [];
  return tools ?? options["tools"] ?? prompted;
}
