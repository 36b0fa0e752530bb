import type { AdminRequest, NodeRed } from "../red/api.js";
import { readDraft, readDraftCredentials } from "../red/values/draft.js";
import type { ProviderNodeConfig } from "./config.js";
import { ProviderRuntime } from "./runtime.js";
import { findSurroundings } from "./surroundings.js";

/** Credentials of a provider, and the settings that decide where they go, and on which way. */
const CREDENTIALS = {
  names: ["apiKey", "secretHeaders"],
  address: ["provider", "baseUrl", "tls", "proxy", "allowInsecure", "settings", "broker", "topic"],
  refusal: "The stored key belongs to the deployed address. Enter the key again, or deploy first.",
};

/**
 * Opens a provider as it stands in the editor, perhaps not deployed yet, to test it and to list its models.
 * @throws Failure `configuration` if the request holds none, `credentials` if a stored key would go elsewhere
 */
export function openDraft(red: NodeRed, request: AdminRequest): ProviderRuntime {
  const draft = readDraft(red, request, "chat-provider");
  const { id, fill } = draft;
  const config = { ...draft.config, id, type: "chat-provider" } as ProviderNodeConfig;
  const credentials = readDraftCredentials(red, draft, CREDENTIALS);
  return new ProviderRuntime(config, credentials, findSurroundings(red, { id }, config, { fill }));
}
