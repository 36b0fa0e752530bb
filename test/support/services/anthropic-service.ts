import { isObject } from "../../../src/core/json/parse.js";
import { createMessageDelta, createMessageStart, formatEvent, PING, STOP } from "./anthropic-records.js";
import { type Reply, ScriptedService, type ServiceRequest } from "./scripted-service.js";

/** The only key that the service accepts. */
export const ANTHROPIC_KEY = "sk-ant-test-1";

/** The only signature of thinking that the service accepts. */
export const SIGNATURE = "c2lnbmVkIGJ5IG1l";

/** Fields of a request's body; others are refused, as Anthropic does it. */
const FIELDS: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "max_tokens",
  "system",
  "stream",
  "temperature",
  "top_p",
  "top_k",
  "stop_sequences",
  "tools",
  "tool_choice",
  "thinking",
  "metadata",
  "output_config",
  "service_tier",
  "container",
  "context_management",
  "compaction",
]);

/** What the service does with a valid request. */
export type Turn = (reply: AnthropicReply, request: ServiceRequest) => void | Promise<void>;

interface TypedRecord {
  type: string;
}

/** One answer of the service. */
export class AnthropicReply {
  /** @param blockMarks where the marks of the answer's blocks are collected */
  constructor(
    private readonly reply: Reply,
    private readonly blockMarks: string[],
  ) {}

  /** Sends records in one write. */
  send(...records: readonly TypedRecord[]): this {
    for (const record of records)
      if ("content_block" in record) this.blockMarks.push(formatBlockMark(record.content_block));
    if (!this.reply.response.headersSent) this.reply.open({ ...HEADERS });
    this.reply.response.write(records.map(formatEvent).join(""));
    return this;
  }

  /** Sends each record in a write of its own. */
  async sendApart(...records: readonly TypedRecord[]): Promise<this> {
    for (const record of records) {
      this.send(record);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return this;
  }

  /** Sends a whole answer. */
  async sendAnswer(blocks: readonly (readonly TypedRecord[])[], reason = "end_turn"): Promise<void> {
    await this.sendApart(createMessageStart(), PING, ...blocks.flat(), createMessageDelta(reason), STOP);
    this.end();
  }

  end(): void {
    this.reply.response.end();
  }

  drop(): void {
    this.reply.drop();
  }

  refuse(status: number, type: string, message: string, headers: Record<string, string> = {}): void {
    const body = { type: "error", error: { type, message }, request_id: "req_test" };
    this.reply.sendJson(status, body, { ...HEADERS, ...headers });
  }

  sendJson(body: unknown): void {
    this.reply.sendJson(200, body, { ...HEADERS });
  }
}

const HEADERS = {
  "request-id": "req_test",
  "anthropic-ratelimit-requests-limit": "50",
  "anthropic-ratelimit-requests-remaining": "49",
  "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:00Z",
};

/**
 * A mock of Anthropic's Messages API with its checks of a request. Built from the API reference and from reports of its
 * behaviour; nothing is recorded.
 */
export class AnthropicService {
  /** What happens to the next requests, one each. The last one stays for all later requests. */
  turns: Turn[] = [];

  /** The marks of the blocks of each answer. */
  private readonly sentBlocks: string[][] = [];

  private constructor(private readonly service: ScriptedService) {
    service.script = (reply, request) => {
      const blockMarks: string[] = [];
      this.sentBlocks.push(blockMarks);
      return this.answer(new AnthropicReply(reply, blockMarks), request);
    };
  }

  static async start(): Promise<AnthropicService> {
    return new AnthropicService(await ScriptedService.start());
  }

  get requests(): readonly ServiceRequest[] {
    return this.service.requests;
  }

  /** The base URL that an author enters, without the version, as in Anthropic's documentation. */
  get url(): string {
    return `http://127.0.0.1:${this.service.port}`;
  }

  reset(): void {
    this.service.requests.length = 0;
    this.turns = [];
    this.sentBlocks.length = 0;
  }

  close(): Promise<void> {
    return this.service.close();
  }

  private answer(reply: AnthropicReply, request: ServiceRequest): void | Promise<void> {
    const refusal = findRefusal(request, this.sentBlocks);
    if (refusal) return reply.refuse(...refusal);
    if (request.method === "GET")
      return reply.sendJson({ data: [{ type: "model", id: "claude-1" }], has_more: false });
    const turn = this.turns.length > 1 ? this.turns.shift()! : this.turns[0];
    if (!turn) return reply.refuse(500, "api_error", "the test has no answer for this");
    return turn(reply, request);
  }
}

function findRefusal(
  { method, path, headers, body }: ServiceRequest,
  sentBlocks: readonly (readonly string[])[],
): [number, string, string] | undefined {
  const createInvalid = (message: string): [number, string, string] => [
    400,
    "invalid_request_error",
    message,
  ];
  const key = headers["x-api-key"];
  if (key !== ANTHROPIC_KEY) {
    return [401, "authentication_error", key ? "invalid x-api-key" : "x-api-key header is required"];
  }
  if (!headers["anthropic-version"]) return createInvalid("anthropic-version: header is required");
  const pathname = new URL(path, "http://a").pathname;
  if (method === "GET" && pathname === "/v1/models") return undefined;
  if (method !== "POST" || pathname !== "/v1/messages") return [404, "not_found_error", "Not Found"];
  const unknown = Object.keys(body).find((field) => !FIELDS.has(field));
  if (unknown) return createInvalid(`${unknown}: Extra inputs are not permitted`);
  if (typeof body["max_tokens"] !== "number") return createInvalid("max_tokens: Field required");
  if (!String(body["model"]).startsWith("claude-"))
    return [404, "not_found_error", `model: ${String(body["model"])}`];
  const fault = findFault(body["messages"] as { role: string; content: unknown }[], sentBlocks);
  return fault === undefined ? undefined : createInvalid(fault);
}

/** Finds what Anthropic would refuse about the messages, in its own words. */
function findFault(
  messages: readonly { role: string; content: unknown }[],
  sentBlocks: readonly (readonly string[])[],
): string | undefined {
  if (messages.length === 0) return "messages: at least one message is required";
  for (const [at, { role, content }] of messages.entries()) {
    if (role !== "user" && role !== "assistant")
      return `messages.${at}.role: Input should be 'user' or 'assistant'`;
    const blocks = readBlocks(content);
    if (blocks.some((block) => block["type"] === "text" && String(block["text"]).trim() === "")) {
      return "messages: text content blocks must be non-empty";
    }
    const forged = blocks.findIndex(
      (block) => block["type"] === "thinking" && block["signature"] !== SIGNATURE,
    );
    if (forged !== -1) return `messages.${at}.content.${forged}: Invalid \`signature\` in \`thinking\` block`;
    const order = blocks.map(formatBlockMark).join();
    if (/thinking/.test(order) && !isSent(order, sentBlocks)) {
      return `messages.${at}.content: \`thinking\` or \`redacted_thinking\` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.`;
    }
    const calls = blocks.filter((block) => block["type"] === "tool_use").map((block) => block["id"]);
    const results = readBlocks(messages[at + 1]?.content).map((block) => block["tool_use_id"]);
    const missing = calls.filter((id, turn) => results[turn] !== id);
    if (missing.length > 0) {
      return `messages.${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(", ")}`;
    }
  }
  const last = messages.at(-1)!;
  const text = typeof last.content === "string" ? last.content : readBlocks(last.content).at(-1)?.["text"];
  if (last.role === "assistant" && typeof text === "string" && /\s$/.test(text)) {
    return "messages: final assistant content cannot end with trailing whitespace";
  }
  return undefined;
}

/** Whether an order of blocks is that of an answer, or of the parts of an answer that was paused. */
function isSent(order: string, sentBlocks: readonly (readonly string[])[]): boolean {
  return sentBlocks.some((_, first) =>
    sentBlocks.slice(first).some((_, count) => {
      const parts = sentBlocks.slice(first, first + count + 1);
      return parts.flat().join() === order;
    }),
  );
}

/** Formats type and id of a block, which must be the same when it comes back. */
function formatBlockMark(block: unknown): string {
  const { type, id = "" } = isObject(block) ? block : {};
  return `${String(type)} ${String(id)}`;
}

function readBlocks(content: unknown): Record<string, unknown>[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return Array.isArray(content) ? content.filter(isObject) : [];
}

/** Starts the service for the tests of a suite and resets it before each. @returns a function that gets the service */
export function useAnthropic(): () => AnthropicService {
  let service: AnthropicService | undefined;
  before(async () => {
    service = await AnthropicService.start();
  });
  beforeEach(() => service?.reset());
  after(() => service?.close());
  return () => service!;
}
