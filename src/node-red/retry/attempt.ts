import type { Chunk } from "../../core/chat/chunk.js";
import { inheritProperties } from "../messages/inherited-properties.js";
import type { Message, Parts } from "../red/api.js";
import type { Asked, RetrySession } from "./session.js";

/** The stream of one request, whose messages take their places in the reader's. */
export class Attempt {
  /** Whether anything of it has been sent on. */
  begun = false;
  /** From its own places to the reader's. */
  private offset: number;

  constructor(
    readonly session: RetrySession,
    /** How the request was made; undefined for the first, which is the reader's stream itself. */
    private readonly asked?: Asked,
  ) {
    this.offset = asked ? session.sent : 0;
  }

  /** Characters that were taken away because the reader has them already. */
  get repeated(): number {
    return this.asked?.trimmer?.trimmed ?? 0;
  }

  /** A message that adds something: on with it, in its place. The message is ours, its sender has let go of it. */
  pass(message: Message): void {
    this.begin(message);
    if (message.chunk !== undefined) this.session.note(message.chunk);
    if (this.trim(message)) this.session.send(this.place(message));
  }

  /** The last message: in its place, and all that belongs before it is sent. Whether to send it is another question. */
  last(message: Message): Message {
    this.release(message);
    return this.place(message);
  }

  /** The first thing that comes of a request that starts over: now, and not before, the reader loses what he has. */
  begin(message: Message): void {
    if (this.begun) return;
    this.begun = true;
    if (!this.asked?.restarts) return;
    const parts = { ...uncounted(message), id: this.session.id, index: 0 };
    // It keeps its tag, so that a retry node further on knows it from a control message.
    this.session.send({ ...inheritProperties(message), payload: "", reset: true, parts });
    this.session.forget();
    this.tellAgain(message);
  }

  /** The stream begins again at its source, by another node's doing: this goes for the reader too. */
  reset(message: Message): void {
    const { session, asked } = this;
    message.parts!.id = session.id;
    session.send(message);
    // Where an answer goes on, only the rest begins again.
    if (asked?.trimmer) asked.trimmer.restart();
    else session.forget();
    this.tellAgain(message);
  }

  /** What does not begin again, a reader who was told to forget everything gets once more. */
  private tellAgain(message: Message): void {
    const { session } = this;
    const payload = session.text;
    this.offset = 0;
    if (payload === "") return;
    const parts = { ...uncounted(message), index: 0 };
    session.send(this.place({ ...inheritProperties(message), payload, parts }));
    this.offset = 1;
  }

  /** @returns whether anything is left to send */
  private trim(message: Message): boolean {
    const trimmer = this.asked?.trimmer;
    const { payload, chunk } = message;
    // What has no text decides nothing: a model that repeats its words may reason first.
    if (!trimmer || typeof payload !== "string" || payload === "") return true;
    message.payload = trimmer.push(payload);
    if (message.payload !== "" && chunk === undefined) return true;
    if (chunk === undefined) {
      this.offset--;
      return false;
    }
    const first = (chunk as Chunk).choices.find(({ index }) => index === 0);
    if (first) first.delta.content = message.payload as string;
    return true;
  }

  /** Sends text that was held back because it might have been a repetition: before the last message, in its place. */
  private release(last: Message): void {
    const payload = this.asked?.trimmer?.end() ?? "";
    if (payload === "") return;
    this.session.send(this.place({ ...inheritProperties(last), payload, parts: uncounted(last) }));
    this.offset++;
  }

  private place(message: Message): Message {
    if (!this.asked) return message;
    const { id, outer } = this.session;
    // To leave a property out costs a tenth of deleting it.
    const { retry: _, ...placed } = message;
    const parts = placed.parts!;
    parts.id = id;
    parts.index += this.offset;
    if (parts.count !== undefined) parts.count = parts.index + 1;
    if (outer !== undefined) placed["retry"] = outer;
    return placed;
  }
}

/** A message's place for one that goes before it. The count would make that the last. */
function uncounted({ parts }: Message): Parts {
  const { count: _, ...place } = parts!;
  return place;
}
