import { Failure } from "../core/failure.js";

/** Where the records of a stream go. */
export interface RecordListener {
  /** @param last the connection ended before the record was closed */
  onRecord(data: string, event: string | undefined, last: boolean): void;
}

/** Cuts a growing text into records and delivers each as soon as it is whole. */
export interface RecordReader {
  /** @throws Failure `limit` when a record grows too long */
  feed(text: string): void;
  /** The connection is at its end: what is left is delivered, marked as the last. */
  end(): void;
}

export function createRecordLimitFailure(longest: number): Failure {
  return new Failure(
    "limit",
    `The service sent a record longer than ${longest} characters. Where a model draws pictures, raise the provider's largest record.`,
  );
}
