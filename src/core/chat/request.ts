import { Failure } from "../failure.js";
import { isObject } from "../json/parse.js";
import type { ChatMessage } from "./chunk.js";

/** A chat request, in the same form for every provider. */
export interface ChatRequest {
  model: string;
  messages: readonly ChatMessage[];
  tools?: readonly unknown[];
  /** Sampling parameters and other request fields, under the service's own names. */
  parameters?: Readonly<Record<string, unknown>>;
  /** Id of the job that the request belongs to, if the service has jobs. */
  job?: string;
}

/** The HTTP request that a provider builds from a chat request. */
export interface WireRequest {
  method: "GET" | "POST";
  url: URL;
  headers: Record<string, string>;
  body?: string;
}

/** Request fields that this package sets itself, because they decide what comes back and how. */
const RESERVED_FIELDS: ReadonlySet<string> = new Set(["model", "messages", "tools", "stream"]);

/** Whether a request failed because it has no model, see `checkRequest`. */
export function isModelMissing({ code, message }: Failure): boolean {
  return code === "invalid_request" && message.startsWith("The request has no model.");
}

/**
 * Checks a request before it is sent.
 * @throws Failure `invalid_request` that says what is missing and where to set it
 */
export function checkRequest(request: ChatRequest): void {
  if (typeof request.model !== "string" || request.model.trim() === "") {
    throw new Failure(
      "invalid_request",
      "The request has no model. Set one in the node, in msg.model, or as the option model of the library.",
    );
  }
  if (!Array.isArray(request.messages) || request.messages.length === 0) {
    throw new Failure("invalid_request", "The prompt is empty: there is no message to send.");
  }
  for (const [at, message] of request.messages.entries()) {
    if (!isObject(message) || typeof message["role"] !== "string" || message["role"] === "") {
      throw new Failure(
        "invalid_request",
        `Message ${at} of the conversation has no role. Set one, such as "user".`,
      );
    }
  }
  if (request.tools !== undefined && !Array.isArray(request.tools)) {
    throw new Failure("invalid_request", "msg.tools is not an array. Set it to a list of tool definitions.");
  }
}

/** Parameters that services refuse if the request has no tools. */
const TOOL_FIELDS: ReadonlySet<string> = new Set(["tool_choice", "parallel_tool_calls"]);

/**
 * Removes parameters that are null or undefined, fields that this package sets itself, and those about tools if there are
 * none.
 */
export function cleanParameters({
  parameters = {},
  tools,
}: Pick<ChatRequest, "parameters" | "tools">): Record<string, unknown> {
  const hasTools = tools !== undefined && tools.length > 0;
  const clean: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(parameters)) {
    // Strict services (Venice) refuse a field that is null.
    if (
      value !== undefined &&
      value !== null &&
      !RESERVED_FIELDS.has(key) &&
      (hasTools || !TOOL_FIELDS.has(key))
    )
      clean[key] = value;
  }
  return clean;
}

/** Reads how many answers are requested, so that a late one is awaited even if the others are complete. */
export function readChoiceCount({ parameters }: ChatRequest): number {
  return Number(parameters?.["n"]) || 1;
}

/** Reads how many tokens the answer may have; undefined if the request does not limit them. */
export function readMaxTokens({ parameters = {} }: ChatRequest): number | undefined {
  const { max_completion_tokens, max_tokens, max_output_tokens } = parameters;
  const limit = max_completion_tokens ?? max_tokens ?? max_output_tokens;
  return typeof limit === "number" && limit > 0 ? limit : undefined;
}

/** Checks the size of a request. @throws Failure `limit` if its body has more than `maxBytes` bytes */
export function checkBodySize({ body }: WireRequest, maxBytes: number): void {
  const size = Buffer.byteLength(body ?? "");
  if (size <= maxBytes) return;
  const problem = `The request has ${size} bytes, more than the limit of ${maxBytes}. Send a shorter conversation, or fewer or smaller pictures and files.`;
  throw new Failure("limit", problem);
}
