/**
 * How to read the records that repeat one which was read in full. Most records of a stream differ from the one before only
 * in a text, and perhaps in an id, a time, a count or padding. Such a record is compared with the one before instead of
 * being parsed.
 *
 * A place is a JSON pointer (RFC 6901), such as `/choices/0/delta/content`.
 */
export interface Repeat {
  /** Places of the strings that differ from record to record. None of them may be empty. */
  readonly texts: readonly string[];
  /** Places of the lists or objects that differ from record to record. No list may be empty. Default: none. */
  readonly values?: readonly string[];
  /** Places of strings and numbers whose values do not matter, or of objects and lists of these. Default: none. */
  readonly ignored?: readonly string[];
  /** Like `ignored`, but the values of the last record matter. `settle` reads them at the end. Default: none. */
  readonly latest?: readonly string[];
  /**
   * Does what reading a record with these texts and values would do. The lists are used again for the next record.
   * @throws Failure as reading would
   */
  readonly apply: (texts: readonly string[], values: readonly unknown[]) => void;
  /** Reads the places in `latest` from the last record that was applied. Required if there are such places. */
  readonly settle?: (record: Record<string, unknown>) => void;
}
