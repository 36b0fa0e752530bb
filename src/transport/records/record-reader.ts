import { Failure } from "../../core/failure.js";

/** Receives the records of a stream. */
export interface RecordListener {
  /**
   * A record has come.
   * @param event the name of a server-sent event
   * @param isCut whether the connection ended before the record did, so that its end may be missing
   */
  onRecord(data: string, event: string | undefined, isCut: boolean): void;
  /**
   * The hot path: a record has come, whole, in a text that may have more of them. Its event has the name of the event
   * before. Default: false.
   * @param start where its data begins
   * @param end where its data ends
   * @returns whether it was read, because it repeats the one before; else it comes by `onRecord`
   */
  onRepeat?(text: string, start: number, end: number): boolean;
}

/** Cuts a growing text into records and delivers each as soon as it is complete. */
export interface RecordReader {
  /** Adds text. @throws Failure `limit` if a record grows too long */
  feed(text: string): void;
  /** Says that the connection has ended. An incomplete record is delivered, marked as cut. */
  end(): void;
}

/** Creates the failure of a record that is too long. */
export function createRecordLimitFailure(maxChars: number): Failure {
  return new Failure(
    "limit",
    `The service sent a record longer than ${maxChars} characters. If the model creates images, raise “Max record size” in the provider.`,
  );
}
