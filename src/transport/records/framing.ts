import { toExcerpt } from "../../core/errors/error-body.js";
import { Failure } from "../../core/failure.js";
import { type Headers, readHeader } from "../../core/headers.js";

/**
 * How to read the body of a response. `sniff`: the content type says nothing, so the beginning of the body decides.
 * `doubtful`: the content type is one that no service sends, so the body must begin like a stream or like JSON.
 */
export type Framing = "sse" | "ndjson" | "json" | "sniff" | "doubtful";

/** How much of a foreign content type an error quotes. */
const MAX_TYPE_CHARS = 80;

/** Content types of JSON lines. None of them is registered. */
const NDJSON_TYPE = /^application\/(x-)?(ndjson|jsonl|jsonlines|json-lines)$/;

/**
 * Codings that change the bytes of a body. Servers send other words as well, which mean nothing: `none`, so that nothing
 * compresses an event stream, or `utf-8`. Browsers ignore them, too.
 */
const CODINGS: ReadonlySet<string> = new Set([
  "aes128gcm",
  "br",
  "compress",
  "dcb",
  "dcz",
  "deflate",
  "exi",
  "gzip",
  "pack200-gzip",
  "x-compress",
  "x-gzip",
  "zstd",
]);

/** Content types that say nothing about the body. */
const VAGUE_TYPES: ReadonlySet<string> = new Set(["", "text/plain", "application/octet-stream"]);

/**
 * Reads from the headers how to read the body.
 * @throws Failure `bad_response` if the body is compressed
 */
export function readFraming(headers: Headers): Framing {
  refuseEncoded(headers);
  // A proxy may repeat the type, or forget the semicolon before the parameters.
  const type = readContentType(headers).split(/[;,\s]/, 1)[0]!;
  if (type === "text/event-stream") return "sse";
  if (NDJSON_TYPE.test(type)) return "ndjson";
  if (type === "application/json" || type.endsWith("+json")) return "json";
  return VAGUE_TYPES.has(type) ? "sniff" : "doubtful";
}

/** Reads the content type in lower case, with its parameters; "" without one. */
export function readContentType(headers: Headers): string {
  return (readHeader(headers, "content-type") ?? "").trim().toLowerCase();
}

/** Creates the failure of a body that is neither a stream nor JSON, as its content type says. */
export function createContentTypeFailure(contentType: string): Failure {
  const type = toExcerpt(contentType.split(";", 1)[0]!, MAX_TYPE_CHARS);
  return new Failure(
    "bad_response",
    `The service answered with ${type} instead of a stream or JSON. Check the base URL: it may belong to a web page.`,
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
    `The service compressed its answer (${toExcerpt(encoding, MAX_TYPE_CHARS)}) although the request forbids it. Check for a proxy that does so.`,
    {
      retryable: false,
    },
  );
}

/** Whether the body is compressed. */
export function isEncoded(headers: Headers): boolean {
  const codings = readHeader(headers, "content-encoding")?.toLowerCase().split(",") ?? [];
  return codings.some((coding) => CODINGS.has(coding.trim()));
}
