/** A chunk, as far as it tells of the end of an answer. */
export interface EndClues {
  /** In the words of the message contract; undefined until every answer that was asked for has one. */
  finishReason: string | undefined;
  /** Whether it brings content of any kind: text, reasoning, a tool call. */
  hasContent: boolean;
  /** Answer text in it. */
  text: string;
  /** Whether it has no choice, as the one with the usage. */
  hasNoChoices: boolean;
}

/**
 * Tells a finish reason that ends an answer from one that comes with every piece, as some services send it: the text
 * after it would be lost. What is in doubt ends with the connection, or with a silence.
 */
export class EndDetector {
  private ended = false;
  /** Content came after a finish reason: its next one says nothing. */
  private wentOn = false;
  /** The latest to come was a finish reason by itself. */
  private alone = false;
  /** Something came before the end, by which a reason of its own tells more. */
  private begun = false;
  private said = false;

  /** Whether there is a finish reason, and silence means that nothing more comes. */
  get isCertain(): boolean {
    return this.ended && (!this.wentOn || this.alone);
  }

  /** Whether every answer has its finish reason, and a closed connection ends none too early. */
  get isReached(): boolean {
    return this.ended;
  }

  /** Text came with nothing else. */
  addText(): void {
    this.alone = false;
    if (this.ended) this.wentOn = true;
    else this.begun = this.said = true;
  }

  /** @returns whether nothing but usage and end marker is to come */
  addChunk({ finishReason, hasContent: content, text, hasNoChoices: bare }: EndClues): boolean {
    const already = this.ended;
    const ended = finishReason !== undefined;
    this.ended = ended;
    this.alone = ended && !content;
    if (content && already) this.wentOn = true;
    const closes = bare ? already : !this.wentOn && (content ? this.said : this.begun);
    if (content || !ended) this.begun = true;
    if (text !== "" && !ended) this.said = true;
    return ended && (closes || finishReason !== "stop");
  }
}
