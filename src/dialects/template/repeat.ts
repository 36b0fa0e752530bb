/**
 * What a reader found in a record that the next records are likely to have again. Most records of a stream differ from the
 * one before only in a text, and perhaps in an id, a time, a count or padding. Such a record is compared with the one
 * before instead of being parsed.
 *
 * A place is a JSON pointer (RFC 6901), such as `/choices/0/delta/content`.
 */
export interface Repeat {
  /** Places of strings that each record has anew. None of them may be empty. */
  readonly texts: readonly string[];
  /** Places of lists or objects that each record has anew. No list may be empty. Default: none. */
  readonly values?: readonly string[];
  /** Places of strings and numbers that mean nothing, whatever they are; or of objects and lists of these. Default: none. */
  readonly ignored?: readonly string[];
  /** Like `ignored`, but the latest ones count. `settle` reads them when they are needed. Default: none. */
  readonly latest?: readonly string[];
  /**
   * Does what reading a record with these texts and values would do. The lists are used again for the next record.
   * @throws Failure as reading would
   */
  readonly apply: (texts: readonly string[], values: readonly unknown[]) => void;
  /** Reads what `latest` names from the last of the records that were applied. Required if there are such places. */
  readonly settle?: (record: Record<string, unknown>) => void;
}
