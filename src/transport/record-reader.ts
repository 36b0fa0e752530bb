import { Failure } from "../core/failure.js";

/** Receives the records of a stream. */
export interface RecordListener {
  /**
   * A record has come.
   * @param event the name of a server-sent event
   * @param last whether the connection ended before the record did
   */
  onRecord(data: string, event: string | undefined, last: boolean): void;
}

/** Cuts a growing text into records and delivers each as soon as it is complete. */
export interface RecordReader {
  /** Adds text. @throws Failure `limit` if a record grows too long */
  feed(text: string): void;
  /** Says that the connection has ended. An incomplete record is delivered, marked as the last. */
  end(): void;
}

/** Creates the failure of a record that is too long. */
export function createRecordLimitFailure(maxChars: number): Failure {
  return new Failure(
    "limit",
    `The service sent a record longer than ${maxChars} characters. If the model creates images, raise “Max record size” in the provider.`,
  );
}
