import { removeForeignFields } from "../core/chat/history-entry.js";
import { type ChatRequest, checkBodySize, checkRequest, type WireRequest } from "../core/chat/request.js";
import { Failure } from "../core/failure.js";
import { addHostedTools } from "../providers/hosted/add-tools.js";
import type { ProviderMemory } from "../providers/provider.js";
import { formatServiceName } from "../providers/shared/endpoint.js";
import type { ChatSetup } from "./chat-types.js";

/**
 * Builds the HTTP request of a run: the question, or the one that goes on with an answer that the service keeps.
 * @throws Failure if the request is not valid, or if the service cannot take it
 */
export function buildWire(setup: ChatSetup, memory: ProviderMemory): WireRequest {
  const { endpoint, limits, provider, resume } = setup;
  checkRequest(setup.request);
  const inBackground = wantsBackground(setup.request);
  const isKept = (resume || inBackground) && provider.background?.isOffered(endpoint) === true;
  if (resume && isKept)
    return provider.background!.buildResumeRequest(resume.id, endpoint, resume.read?.latest);
  if (inBackground && !isKept) {
    throw new Failure(
      "invalid_request",
      `${provider.label} keeps no answer in the background. Clear “Resume without loss” in the chat-stream, or set API of the provider to Responses if the service offers it.`,
    );
  }
  const own = removeForeignFields(setup.request, () => formatServiceName(provider, endpoint));
  const request = addHostedTools(own, provider, endpoint);
  const wire = provider.buildChatRequest(request, endpoint, memory);
  checkBodySize(wire, limits.request);
  return wire;
}

/** Whether the service is to keep the answer, so that a broken stream can be taken up again. */
export function wantsBackground({ parameters }: ChatRequest): boolean {
  return parameters?.["background"] === true;
}
