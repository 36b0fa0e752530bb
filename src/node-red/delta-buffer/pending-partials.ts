/** Values of `msg.partial` that wait for their text to be sent. A value never shows more than the text so far. */
export class PendingPartials {
  private receivedChars = 0;
  private sentChars = 0;
  /** Oldest first. `length`: characters that had arrived with the value. */
  private readonly values: { length: number; value: unknown }[] = [];

  /**
   * Notes a message that arrived.
   * @param chars characters of its text
   * @param value its partial value; undefined if it has none
   */
  add(chars: number, value: unknown): void {
    this.receivedChars += chars;
    if (value !== undefined) this.values.push({ length: this.receivedChars, value });
  }

  /**
   * Notes a message that is sent.
   * @param chars characters of its text
   * @returns the newest value whose text has been sent; undefined if there is no new one
   */
  take(chars: number): unknown {
    this.sentChars += chars;
    // Called for each message, and most streams have no partial values.
    if (this.values.length === 0) return undefined;
    let sent = 0;
    while (sent < this.values.length && this.values[sent]!.length <= this.sentChars) sent++;
    return this.values.splice(0, sent).at(-1)?.value;
  }
}
