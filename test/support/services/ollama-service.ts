import { createDoneRecord, formatLines } from "./ollama-records.js";
import type { Reply, Script, ScriptedService, ServiceRequest } from "./scripted-service.js";

/**
 * Ollama's /api/chat and /api/tags on the wire, built after its documentation and its source's error texts; nothing is
 * recorded. A request that the real server would refuse is refused in its words.
 */

export const OLLAMA_MODELS = ["llama-1", "gpt-oss:20b"];

/** What an author writes into *base URL*. */
export function formatOllamaUrl(service: ScriptedService): string {
  return service.url.replace(/\/v1$/, "");
}

/** Answers with these records, each in a write of its own. */
export function createOllamaScript(...records: readonly object[]): Script {
  return async (reply, request) => {
    if (sendUnscriptedAnswer(reply, request)) return;
    await sendRecords(reply, records);
    reply.response.end();
  };
}

/** Sends these records and breaks off. */
export function createBrokenOllamaScript(...records: readonly object[]): Script {
  return async (reply, request) => {
    if (sendUnscriptedAnswer(reply, request)) return;
    await sendRecords(reply, records);
    reply.drop();
  };
}

async function sendRecords({ response }: Reply, records: readonly object[]): Promise<void> {
  if (!response.headersSent) response.writeHead(200, { "content-type": "application/x-ndjson" });
  for (const record of records) {
    response.write(formatLines(record));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** @returns whether there is no answer to be scripted */
function sendUnscriptedAnswer(reply: Reply, { method, path, body }: ServiceRequest): boolean {
  const messages = body["messages"] as Record<string, unknown>[] | undefined;
  const problem = findProblem(path, body);
  if (method === "GET" && path === "/api/tags") {
    reply.sendJson(200, { models: OLLAMA_MODELS.map((name) => ({ name, model: name })) });
  } else if (problem) reply.sendJson(problem[0], { error: problem[1] });
  else if (!messages || messages.length === 0)
    void sendRecords(reply, [createDoneRecord("load")]).then(() => reply.response.end());
  else return false;
  return true;
}

function findProblem(path: string, body: Record<string, unknown>): [number, string] | undefined {
  if (path !== "/api/chat") return [404, "404 page not found"];
  const model = String(body["model"]);
  if (!OLLAMA_MODELS.includes(model)) return [404, `model '${model}' not found`];
  if (typeof body["think"] === "string" && !model.startsWith("gpt-oss")) {
    return [400, `think value "${body["think"]}" is not supported for this model`];
  }
  for (const message of (body["messages"] ?? []) as Record<string, unknown>[]) {
    if (typeof message["content"] !== "string") {
      return [
        400,
        "json: cannot unmarshal array into Go struct field ChatRequest.messages.content of type string",
      ];
    }
    const images = (message["images"] ?? []) as string[];
    if (images.some((image) => !/^[\w+/]+=*$/.test(image)))
      return [400, "illegal base64 data at input byte 4"];
    const calls = (message["tool_calls"] ?? []) as { function: { arguments: unknown } }[];
    if (calls.some((call) => typeof call.function.arguments !== "object")) {
      return [
        400,
        "json: cannot unmarshal string into Go struct field .arguments of type api.ToolCallFunctionArguments",
      ];
    }
  }
  return undefined;
}
