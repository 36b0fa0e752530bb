import { type Headers, readHeader } from "../core/errors/retry-hint.js";
import { Failure } from "../core/failure.js";

/** How to read the body of a response. `sniff`: its first character decides. */
export type Framing = "sse" | "ndjson" | "json" | "sniff";

/** Content types of JSON lines. None of them is registered. */
const NDJSON_TYPE = /^application\/(x-)?(ndjson|jsonl|jsonlines|json-lines)$/;

/**
 * Reads from the headers how to read the body.
 * @throws Failure `bad_response` if the body is compressed or of a type that no service sends, such as HTML
 */
export function readFraming(headers: Headers): Framing {
  refuseEncoded(headers);
  const type = (readHeader(headers, "content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  if (type === "text/event-stream") return "sse";
  if (NDJSON_TYPE.test(type)) return "ndjson";
  if (type === "application/json" || type.endsWith("+json")) return "json";
  if (type === "" || type === "text/plain" || type === "application/octet-stream") return "sniff";
  throw new Failure(
    "bad_response",
    `The service answered with ${type.slice(0, 80)} instead of a stream or JSON. Check the base URL: it may belong to a web page.`,
    { retryable: false },
  );
}

/**
 * Refuses a compressed body. Requests ask for no compression, and a compressed body may be a decompression bomb.
 * @throws Failure `bad_response`
 */
export function refuseEncoded(headers: Headers): void {
  if (!isEncoded(headers)) return;
  const encoding = readHeader(headers, "content-encoding")!;
  throw new Failure(
    "bad_response",
    `The service compressed its answer (${encoding.slice(0, 40)}) although the request forbids it. Check for a proxy that does so.`,
    {
      retryable: false,
    },
  );
}

/** Whether the body is compressed. */
export function isEncoded(headers: Headers): boolean {
  const encoding = readHeader(headers, "content-encoding")?.trim().toLowerCase();
  return encoding !== undefined && encoding !== "" && encoding !== "identity";
}
