import { Failure } from "../../../core/failure.js";
import { isObject } from "../../../core/json/parse.js";
import { toPrintable } from "../../../core/printable.js";
import type { AdminRequest, FlowEntry, NodeRed, RuntimeNode } from "../api.js";
import { createVariableFiller } from "../variables.js";

/** What the editor's field of a password holds if one is stored; the editor never gets the password itself. */
const STORED = "__PWRD__";

/** A config node as it stands in the editor, perhaps not deployed yet. */
export interface Draft {
  id: string;
  /** Its properties as they were entered. */
  entered: Record<string, unknown>;
  /** Its properties, with the variables that are all of one replaced, as Node-RED does for a deployed node. */
  config: Record<string, unknown>;
  /** Its credentials as the dialog has them: `__PWRD__` is one that is stored. */
  typed: Record<string, unknown>;
  /** Replaces variables in a text by their values. */
  fill(text: string): string;
}

/** Where stored credentials may go. */
export interface StoredCredentials {
  names: readonly string[];
  /** The properties that decide where they go, and on which way. */
  address: readonly string[];
  /** The error if one of these differs from what is deployed. */
  refusal: string;
}

/**
 * Reads a draft that the editor has sent. Only JSON is taken: a page of a stranger can make a browser send a form, but not
 * JSON, to a Node-RED without a login.
 * @param type the type of the config node
 * @throws Failure `configuration` if it is no draft, or if its id belongs to a node of another type
 */
export function readDraft(red: NodeRed, request: AdminRequest, type: string): Draft {
  const { body } = request;
  const isJson = request.is?.("application/json") === "application/json";
  if (!isJson || !isObject(body) || !isObject(body["config"]) || typeof body["id"] !== "string")
    throw new Failure("configuration", "The editor sent no settings to test. Reload the editor.");
  const { id, config: entered, credentials } = body;
  // The variables and the credentials of the node that has this id are used for the test.
  const owner = red.nodes.getNode(id)?.type ?? findEntry(red, id)?.type;
  if (owner !== undefined && owner !== type) {
    throw new Failure(
      "configuration",
      `The node of this id has the type ${toPrintable(owner)} and not ${type}. Reload the editor, then test again.`,
    );
  }
  const fill = createVariableFiller(red, red.nodes.getNode(id) ?? ({ id } as RuntimeNode));
  return {
    id,
    entered,
    config: fillWhole(entered, fill),
    typed: isObject(credentials) ? credentials : {},
    fill,
  };
}

/**
 * Reads the credentials of a draft. The editor's users are trusted with what they type: they could deploy it. A stored
 * one is another matter, since they cannot read it: it goes to the address that it is deployed with, and to no other.
 * @throws Failure `credentials` if a stored one would go elsewhere
 */
export function readDraftCredentials(
  red: NodeRed,
  { id, entered, typed }: Draft,
  { names, address, refusal }: StoredCredentials,
): Record<string, string> {
  const credentials: Record<string, string> = {};
  for (const name of names) {
    let value = typed[name];
    if (value === STORED) {
      value = red.nodes.getCredentials?.(id)?.[name];
      const deployed = value ? findEntry(red, id) : undefined;
      const isSame = address.every((one) => normalize(deployed?.[one]) === normalize(entered[one]));
      if (value && !(deployed && isSame)) throw new Failure("credentials", refusal);
    }
    if (typeof value === "string" && value !== "") credentials[name] = value;
  }
  return credentials;
}

function findEntry(red: NodeRed, id: string): FlowEntry | undefined {
  let found: FlowEntry | undefined;
  red.nodes.eachNode?.((entry) => {
    if (entry.id === id) found = entry;
  });
  return found;
}

/** A setting that is missing, empty or not ticked is the same. */
function normalize(value: unknown): string {
  if (value === undefined || value === null || value === "" || value === "_ADD_" || value === false)
    return "";
  if (Array.isArray(value)) return JSON.stringify(value);
  if (!isObject(value)) return String(value);
  const entries = Object.entries(value).filter(([, one]) => normalize(one) !== "");
  return entries.length === 0 ? "" : JSON.stringify(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

function fillWhole(config: Record<string, unknown>, fill: (text: string) => string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      typeof value === "string" && /^\s*\$[{(][^${}()]*[})]\s*$/.test(value) ? fill(value) : value,
    ]),
  );
}
