import { redact } from "../core/errors/redact.js";
import { Failure, type FailureCode, readReason } from "../core/failure.js";
import type { ServerSettings } from "./server-settings.js";

/**
 * Describes why a server could not be used.
 * @param thrown what the client library or Node.js threw
 */
export function describeServerFailure(thrown: unknown, server: ServerSettings): Failure {
  if (thrown instanceof Failure) return thrown;
  const [code, sentence] = classify(thrown, server);
  return new Failure(code, redact(`The MCP server “${server.name}” ${sentence}`, server.secrets));
}

/** The HTTP status of what was thrown, if it has one. */
export function readHttpStatus(thrown: unknown): number | undefined {
  const status = (thrown as { status?: unknown } | undefined)?.status;
  const { data } = (thrown ?? {}) as { data?: { status?: unknown } };
  const found = typeof status === "number" ? status : data?.status;
  return typeof found === "number" ? found : undefined;
}

/** @returns code and end of the sentence */
function classify(thrown: unknown, server: ServerSettings): [FailureCode, string] {
  const status = readHttpStatus(thrown);
  if (status === 401)
    return ["authentication", "asks for another token (HTTP 401). Enter its token in the mcp-server node."];
  if (status === 403)
    return ["permission", "refuses this token (HTTP 403). Check the token in the mcp-server node."];
  if (status === 404 || status === 405)
    return ["not_found", `is not at this address (HTTP ${status}). Check the URL in the mcp-server node.`];
  if (status !== undefined)
    return [
      status >= 500 ? "server_error" : "bad_response",
      `answered with HTTP ${status}. Look into its own log.`,
    ];
  const name = listCodes(thrown).find((one) => one in SENTENCES);
  if (name !== undefined) {
    const [code, sentence] = SENTENCES[name]!;
    return [code, sentence.replace("COMMAND", server.transport === "stdio" ? server.command : "")];
  }
  return ["connection", `cannot be used: ${readReason(thrown)}. Look into its own log.`];
}

const UNREACHABLE: [FailureCode, string] = [
  "connection",
  "cannot be reached. Check its URL, and whether it runs.",
];

const SENTENCES: Readonly<Record<string, [FailureCode, string]>> = {
  ENOENT: [
    "configuration",
    "cannot be started: there is no program “COMMAND”, or its folder is missing. Check the command in the mcp-server node.",
  ],
  EACCES: [
    "configuration",
    "cannot be started: “COMMAND” may not be run. Check the command in the mcp-server node.",
  ],
  ECONNREFUSED: UNREACHABLE,
  ENOTFOUND: UNREACHABLE,
  EAI_AGAIN: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  UND_ERR_CONNECT_TIMEOUT: UNREACHABLE,
  ECONNRESET: ["interrupted", "broke the connection off. Look into its own log."],
  UND_ERR_SOCKET: ["interrupted", "broke the connection off. Look into its own log."],
  REQUEST_TIMEOUT: ["timeout", "did not answer in time. Look into its own log, or allow it more time."],
  CONNECTION_CLOSED: ["interrupted", "ended during a request. See its lines in the log."],
  NOT_CONNECTED: ["interrupted", "has ended. Look into its log lines."],
  SEND_FAILED: ["interrupted", "has ended. Look into its log lines."],
  LIST_PAGINATION_EXCEEDED: ["limit", "lists its tools on too many pages. Ask its author to list fewer."],
  INVALID_RESULT: ["bad_response", "sent an answer that breaks the protocol. Update the server."],
};

/** Lists the codes of an error and of its causes. */
function listCodes(thrown: unknown): string[] {
  const codes: string[] = [];
  let error = thrown as { code?: unknown; cause?: unknown; data?: { cause?: unknown } } | undefined;
  for (let depth = 0; depth < 5 && typeof error === "object" && error !== null; depth++) {
    if (typeof error.code === "string") codes.push(error.code);
    error = (error.cause ?? error.data?.cause) as typeof error;
  }
  return codes;
}
