import { createError } from "./gemini-records.js";
import type { Reply, Script, ScriptedService, ServiceRequest } from "./scripted-service.js";

/**
 * A mock of Gemini's streamGenerateContent, built from its API reference and from reports of its behaviour; nothing is
 * recorded. It refuses what Gemini refuses, in the same words.
 */

/** The only key that the service accepts. */
export const GEMINI_KEY = "gemini-key-1";

const FIELDS: ReadonlySet<string> = new Set([
  "contents",
  "systemInstruction",
  "tools",
  "toolConfig",
  "generationConfig",
  "safetySettings",
  "cachedContent",
]);

interface Content {
  role?: string;
  parts?: Record<string, unknown>[];
}

/** Formats the base URL that an author enters. */
export function formatGeminiUrl(service: ScriptedService): string {
  return `${service.url}beta`;
}

/** Creates a script that sends these records, each in a write of its own. */
export function createGeminiScript(...records: readonly object[]): Script {
  return async (reply, request) => {
    if (sendRefusal(reply, request)) return;
    const events = request.path.endsWith("alt=sse");
    await sendRecords(reply, records, events);
    reply.response.end(events ? "" : "]\r\n");
  };
}

/** Creates a script that sends the records as an array, as behind a gateway that drops `alt=sse`. */
export function createGeminiArrayScript(...records: readonly object[]): Script {
  return (reply, request) =>
    createGeminiScript(...records)(reply, { ...request, path: request.path.replace("?alt=sse", "") });
}

/** Creates a script that sends these records and resets the connection. */
export function createBrokenGeminiScript(...records: readonly object[]): Script {
  return async (reply, request) => {
    if (sendRefusal(reply, request)) return;
    await sendRecords(reply, records, true);
    reply.drop();
  };
}

async function sendRecords({ response }: Reply, records: readonly object[], events: boolean): Promise<void> {
  response.writeHead(200, {
    "content-type": events ? "text/event-stream" : "application/json; charset=UTF-8",
  });
  for (const [at, record] of records.entries()) {
    const json = JSON.stringify(record, null, events ? undefined : 2);
    response.write(events ? `data: ${json}\r\n\r\n` : `${at === 0 ? "[" : ",\r\n"}${json}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Refuses a request that Gemini would refuse. @returns whether it was refused */
function sendRefusal(reply: Reply, request: ServiceRequest): boolean {
  const problem = findProblem(request);
  if (!problem) return false;
  const [status, word, message] = problem;
  reply.sendJson(status, createError(status, word, message));
  return true;
}

type Problem = readonly [status: number, word: string, message: string];

function findProblem({ path, headers, body }: ServiceRequest): Problem | undefined {
  const createInvalid = (message: string): Problem => [400, "INVALID_ARGUMENT", message];
  const model = /^\/v1beta\/models\/([^/:?]+):streamGenerateContent(\?alt=sse)?$/.exec(path)?.[1];
  if (model === undefined) return [404, "NOT_FOUND", "Requested entity was not found."];
  if (headers["x-goog-api-key"] !== GEMINI_KEY)
    return createInvalid("API key not valid. Please pass a valid API key.");
  const unknown = Object.keys(body).find((name) => !FIELDS.has(name));
  if (unknown !== undefined) {
    return createInvalid(`Invalid JSON payload received. Unknown name "${unknown}": Cannot find field.`);
  }
  const contents = (body["contents"] ?? []) as Content[];
  if (contents.length === 0) return createInvalid("contents is not specified");
  for (const [at, { role, parts = [] }] of contents.entries()) {
    if (role !== "user" && role !== "model") return createInvalid("Please use a valid role: user, model.");
    if (parts.length === 0) return createInvalid(`contents[${at}].parts must not be empty.`);
    const calls = parts.filter((part) => part["functionCall"]);
    if (calls.length === 0) continue;
    const answered = contents[at + 1]?.parts?.filter((part) => part["functionResponse"]).length ?? 0;
    if (answered !== calls.length) {
      return createInvalid(
        "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.",
      );
    }
    if (/^gemini-3/.test(model) && !calls[0]!["thoughtSignature"]) {
      return createInvalid("Function call is missing a thought_signature in functionCall parts.");
    }
  }
  return undefined;
}
