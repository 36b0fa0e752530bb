import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import type { FlowEntry, NodeRed, RuntimeNode } from "../red/api.js";
import { createVariableFiller } from "../red/variables.js";
import type { ProviderCredentials, ProviderNodeConfig } from "./config.js";
import { ProviderRuntime } from "./runtime.js";
import { findSurroundings } from "./surroundings.js";

/** What the editor's field of a password holds if one is stored; the editor never gets the password itself. */
const STORED = "__PWRD__";

/** The settings that decide where a key goes, and on which way. */
const ADDRESS: readonly string[] = [
  "provider",
  "baseUrl",
  "tls",
  "proxy",
  "allowInsecure",
  "settings",
  "broker",
  "topic",
];

/**
 * Opens a provider as it stands in the editor, perhaps not deployed yet, to test it and to list its models. The editor's
 * users are trusted with that: they could deploy it. A stored key is another matter, since they cannot read it: it goes
 * to the address that it is deployed with, and to no other.
 * @param body `{id, config, credentials}` of the node; a credential that is `__PWRD__` is stored
 * @throws Failure `configuration` if it is no such draft, `credentials` if a stored key would go elsewhere
 */
export function openDraft(red: NodeRed, body: unknown): ProviderRuntime {
  if (!isObject(body) || !isObject(body["config"]) || typeof body["id"] !== "string") {
    throw new Failure("configuration", "The editor sent no provider to test. Reload the editor.");
  }
  const { id } = body;
  const deployed = red.nodes.getNode(id);
  const fill = createVariableFiller(red, deployed ?? ({ id } as RuntimeNode));
  const config = { ...fillWhole(body["config"], fill), id, type: "chat-provider" } as ProviderNodeConfig;
  const typed = isObject(body["credentials"]) ? body["credentials"] : {};
  const credentials = readCredentials(red, id, body["config"], typed);
  return new ProviderRuntime(config, credentials, findSurroundings(red, { id }, config, { fill }));
}

function readCredentials(
  red: NodeRed,
  id: string,
  config: Record<string, unknown>,
  typed: Record<string, unknown>,
): ProviderCredentials {
  const credentials: ProviderCredentials = {};
  for (const name of ["apiKey", "secretHeaders"] as const) {
    const value = typed[name];
    if (value === STORED) {
      const stored = red.nodes.getCredentials?.(id)?.[name];
      if (typeof stored !== "string" || stored === "") continue;
      if (!isSameAddress(findEntry(red, id), config)) {
        throw new Failure(
          "credentials",
          "The stored key belongs to the deployed address. Enter the key again, or deploy first.",
        );
      }
      credentials[name] = stored;
    } else if (typeof value === "string" && value !== "") credentials[name] = value;
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

function isSameAddress(deployed: FlowEntry | undefined, draft: Record<string, unknown>): boolean {
  if (!deployed) return false;
  return ADDRESS.every((name) => normalize(deployed[name]) === normalize(draft[name]));
}

/** A setting that is missing, empty or not ticked is the same. */
function normalize(value: unknown): string {
  if (value === undefined || value === null || value === "" || value === "_ADD_" || value === false)
    return "";
  if (!isObject(value)) return String(value);
  const entries = Object.entries(value).filter(([, one]) => normalize(one) !== "");
  return entries.length === 0 ? "" : JSON.stringify(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Replaces variables that are all of a setting, as Node-RED does for a deployed node. */
function fillWhole(config: Record<string, unknown>, fill: (text: string) => string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      typeof value === "string" && /^\s*\$[{(][^${}()]*[})]\s*$/.test(value) ? fill(value) : value,
    ]),
  );
}
