import { isObject } from "../json/parse.js";
import { readCalledName, readToolName } from "./name.js";
import type { RoundCall } from "./round.js";

/** Which tools a model may call in a turn. Services only ask models to respect it; here it is enforced. */
export interface Restrictions {
  /** Names of the tools that may be called; undefined: all. */
  names: ReadonlySet<string> | undefined;
  /** Whether only one call a turn is allowed. */
  isSingle: boolean;
}

/** No restriction. */
export const UNRESTRICTED: Restrictions = { names: undefined, isSingle: false };

/**
 * Reads what the parameters of a request forbid: `tool_choice` in the forms of Chat Completions, Responses and Anthropic,
 * and `parallel_tool_calls`.
 */
export function readRestrictions(parameters: Readonly<Record<string, unknown>>): Restrictions {
  const choice = parameters["tool_choice"];
  const isSingle =
    parameters["parallel_tool_calls"] === false ||
    (isObject(choice) && choice["disable_parallel_tool_use"] === true);
  return { names: readNames(choice), isSingle };
}

/**
 * Finds the calls that the restrictions forbid.
 * @returns a sentence for the model that says why, by the id of the call
 */
export function refuseCalls(
  calls: readonly RoundCall[],
  restrictions: readonly Restrictions[],
): Map<string, string> {
  const refused = new Map<string, string>();
  const isSingle = restrictions.some((restriction) => restriction.isSingle);
  let hasAllowedCall = false;
  for (const { id, call } of calls) {
    if (!restrictions.every(({ names }) => names === undefined || names.has(readCalledName(call)))) {
      refused.set(id, "This tool may not be called now.");
    } else if (isSingle && hasAllowedCall) {
      refused.set(id, "Only one tool may be called at a time. Call this one again in the next turn.");
    } else hasAllowedCall = true;
  }
  return refused;
}

function readNames(choice: unknown): ReadonlySet<string> | undefined {
  if (choice === "none") return new Set();
  if (!isObject(choice)) return undefined;
  const { type } = choice;
  if (type === "none") return new Set();
  if (type === "tool" || type === "function" || type === "custom") return collectNames([choice]);
  if (type !== "allowed_tools") return undefined;
  const allowed = isObject(choice["allowed_tools"]) ? choice["allowed_tools"] : choice;
  return Array.isArray(allowed["tools"]) ? collectNames(allowed["tools"]) : undefined;
}

/** Collects the names in a tool choice; undefined if it has none, which restricts nothing. */
function collectNames(choices: readonly unknown[]): ReadonlySet<string> | undefined {
  const names = choices.flatMap((choice) => {
    const found = readToolName(choice) ?? (isObject(choice) ? choice["name"] : undefined);
    return typeof found === "string" ? [found] : [];
  });
  return names.length > 0 ? new Set(names) : undefined;
}
