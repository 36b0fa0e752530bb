import { Failure } from "../failure.js";
import { isObject } from "../json/parse.js";
import type { ChatMessage } from "./chunk.js";

/** What is asked, the same for every provider. */
export interface ChatRequest {
  model: string;
  messages: readonly ChatMessage[];
  tools?: readonly unknown[];
  /** Sampling parameters and whatever else the author adds, as the service's own request fields. */
  parameters?: Readonly<Record<string, unknown>>;
  /** The job that it is part of, where the service has jobs. */
  job?: string;
}

/** A request as it goes on the wire. */
export interface WireRequest {
  method: "GET" | "POST";
  url: URL;
  headers: Record<string, string>;
  body?: string;
}

/** Fields that decide how the answer comes back, and so are not the author's. */
const RESERVED_FIELDS: ReadonlySet<string> = new Set(["model", "messages", "tools", "stream"]);

/**
 * Checks a request before anything is sent.
 * @throws Failure `invalid_request` that names what is missing and where to put it
 */
export function checkRequest(request: ChatRequest): void {
  if (typeof request.model !== "string" || request.model.trim() === "") {
    throw new Failure("invalid_request", "No model is given. Choose one in the node or set msg.model.");
  }
  if (!Array.isArray(request.messages) || request.messages.length === 0) {
    throw new Failure("invalid_request", "There is nothing to ask: the prompt is empty.");
  }
  for (const [at, message] of request.messages.entries()) {
    if (!isObject(message) || typeof message["role"] !== "string" || message["role"] === "") {
      throw new Failure("invalid_request", `Message ${at} of the conversation has no role, such as "user".`);
    }
  }
  if (request.tools !== undefined && !Array.isArray(request.tools)) {
    throw new Failure("invalid_request", "msg.tools is not an array.");
  }
}

/** The author's parameters without those that are null, empty or not his to set. */
export function cleanParameters(parameters: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(parameters)) {
    // Strict services (Venice) refuse a field that is null.
    if (value !== undefined && value !== null && !RESERVED_FIELDS.has(key)) clean[key] = value;
  }
  return clean;
}

/** How many answers are asked for: one that is late is not left out because the others are whole. */
export function readChoiceCount({ parameters }: ChatRequest): number {
  return Number(parameters?.["n"]) || 1;
}

/** Names of the tools that are offered, as far as they have one. */
export function collectToolNames({ tools }: ChatRequest): string[] {
  if (!Array.isArray(tools)) return [];
  return (tools as { function?: { name?: unknown } }[])
    .map((tool) => tool?.function?.name)
    .filter((name): name is string => typeof name === "string");
}

/** @throws Failure `configuration` where the body has more bytes than `most` */
export function checkBodySize({ body }: WireRequest, most: number): void {
  const size = Buffer.byteLength(body ?? "");
  if (size <= most) return;
  const problem = `The request is ${size} bytes long, more than the limit of ${most}. Send a shorter conversation.`;
  throw new Failure("configuration", problem);
}
