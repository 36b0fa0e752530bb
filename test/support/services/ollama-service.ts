import { createDoneRecord, formatLines } from "./ollama-records.js";
import type { Reply, Script, ScriptedService, ServiceRequest } from "./scripted-service.js";

/**
 * A mock of Ollama's /api/chat and /api/tags, built from its documentation and the error texts in its source; nothing is
 * recorded. It refuses what Ollama refuses, in the same words.
 */

/** Names of the installed models. */
export const OLLAMA_MODELS = ["llama-1", "gpt-oss:20b"];

/** Formats the base URL that an author enters. */
export function formatOllamaUrl(service: ScriptedService): string {
  return service.url.replace(/\/v1$/, "");
}

/** Creates a script that sends these records, each in a write of its own. */
export function createOllamaScript(...records: readonly object[]): Script {
  return async (reply, request) => {
    if (sendUnscriptedAnswer(reply, request)) return;
    await sendRecords(reply, records);
    reply.response.end();
  };
}

/** Creates a script that sends these records and resets the connection. */
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

/** Answers a request for models, an invalid request or an empty one. @returns whether it did, so that no script runs */
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
