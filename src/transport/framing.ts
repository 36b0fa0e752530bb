import { type Headers, readHeader } from "../core/errors/retry-hint.js";
import { Failure } from "../core/failure.js";

/** How the body of a response is to be read. `sniff`: its first character tells. */
export type Framing = "sse" | "ndjson" | "json" | "sniff";

/** Content types of records that are a line each; none of them is registered. */
const NDJSON_TYPE = /^application\/(x-)?(ndjson|jsonl|jsonlines|json-lines)$/;

/** Looks at the headers of a response that is to be a stream. @throws Failure `bad_response` */
export function readFraming(headers: Headers): Framing {
  refuseEncoded(headers);
  const type = (readHeader(headers, "content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  if (type === "text/event-stream") return "sse";
  if (NDJSON_TYPE.test(type)) return "ndjson";
  if (type === "application/json" || type.endsWith("+json")) return "json";
  if (type === "" || type === "text/plain" || type === "application/octet-stream") return "sniff";
  throw new Failure(
    "bad_response",
    `The service answered with ${type.slice(0, 80)}, which is not what was asked for. Check the base URL: it may be a web page's.`,
    { retryable: false },
  );
}

/** We ask for no compression: what comes compressed all the same is not inflated, for it may be a bomb. */
export function refuseEncoded(headers: Headers): void {
  if (!isEncoded(headers)) return;
  const encoding = readHeader(headers, "content-encoding")!;
  throw new Failure(
    "bad_response",
    `The service compressed its answer (${encoding.slice(0, 40)}) though asked not to.`,
    {
      retryable: false,
    },
  );
}

/** Whether a body is not what it says but something to be inflated first. */
export function isEncoded(headers: Headers): boolean {
  const encoding = readHeader(headers, "content-encoding")?.trim().toLowerCase();
  return encoding !== undefined && encoding !== "" && encoding !== "identity";
}
