import assert from "node:assert/strict";
import { readTags } from "../../../src/node-red/messages/ask-tags.js";
import { readRestarts } from "../../../src/node-red/messages/stream-message.js";
import type { Message } from "../../../src/node-red/red/api.js";

/** Reads a stream message by message, and checks that it is what a reader is promised. */
export class StreamReader {
  /** Text since the last reset. */
  text = "";
  /** Messages since the last reset. The reset does not count. */
  count = 0;
  hasEnded = false;
  private restarts: number | undefined;

  /**
   * @param id id of the stream; undefined: that of its first message
   * @param outerTags how many tags each message has
   */
  constructor(
    private id: string | undefined,
    private readonly outerTags: number,
  ) {}

  /** Takes what came before as read. */
  startAt(text: string, count: number): void {
    this.text = text;
    this.count = count;
  }

  /** @throws if the message breaks a rule of streams */
  read(message: Message): void {
    const { payload, parts, complete } = message;
    assert.ok(!this.hasEnded, "nothing comes after the last message");
    assert.ok(parts, "each message has a place");
    this.id ??= parts.id;
    assert.equal(parts.id, this.id, "the stream keeps its id");
    assert.equal(readTags(message).length, this.outerTags, "the reader gets the tags outside alone");
    const restarts = readRestarts(message);
    if (message["reset"] !== undefined) {
      assert.ok(this.restarts === undefined || restarts > this.restarts, "a reset begins something new");
      assert.equal(restarts > 0, true, "a reset is no command");
      assert.deepEqual([payload, parts.index, parts.count, complete], ["", 0, undefined, undefined]);
      this.text = "";
      this.count = 0;
    } else {
      if (this.restarts !== undefined) assert.equal(restarts, this.restarts, "a restart begins with a reset");
      assert.equal(parts.index, this.count++, "no index is missing or comes twice");
      if (typeof payload === "string") this.text += payload;
      this.hasEnded = complete === true;
      assert.equal(
        parts.count,
        this.hasEnded ? this.count : undefined,
        "the last message alone has the count",
      );
    }
    this.restarts = restarts;
  }
}
