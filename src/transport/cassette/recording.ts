import type { FailureCode, Phase } from "../../core/failure.js";
import type { RecordedRequest } from "./recorded-request.js";

/**
 * One read of the socket: when it came, in milliseconds after the request, and its bytes. The bytes are text, or base64 if
 * the read ends within a character.
 */
export type RecordedRead = readonly [ms: number, bytes: string | { b64: string }];

/** What is kept of a failure, so that the replayed stream fails in the same way. */
export interface RecordedFailure {
  code: FailureCode;
  message: string;
  phase: Phase;
  retryable: boolean;
}

/** How an exchange ended: with the response, with a failure, or because the stream was stopped. `ms` counts from the request. */
export type RecordedEnd =
  | { ms: number; kind: "end" }
  | { ms: number; kind: "failed"; failure: RecordedFailure }
  | { ms: number; kind: "stopped" };

/** Status and headers of a response. `ms` counts from the request. */
export interface RecordedResponse {
  ms: number;
  status: number;
  headers: Record<string, string | string[]>;
}

/** One request and everything that came back, byte for byte and with its pace. It holds no secret. */
export interface Recording {
  /** Date and time in ISO 8601. */
  recordedAt: string;
  /** Id of the provider. */
  provider: string;
  request: RecordedRequest;
  /** Undefined if there was none. */
  response?: RecordedResponse;
  end: RecordedEnd;
  reads: RecordedRead[];
}

/** @returns the bytes of a read as they came */
export function toBytes([, bytes]: RecordedRead): Buffer {
  return typeof bytes === "string" ? Buffer.from(bytes) : Buffer.from(bytes.b64, "base64");
}

/** @returns bytes as a recording keeps them */
export function fromBytes(ms: number, bytes: Buffer): RecordedRead {
  const text = bytes.toString();
  return [ms, Buffer.from(text).equals(bytes) ? text : { b64: bytes.toString("base64") }];
}
