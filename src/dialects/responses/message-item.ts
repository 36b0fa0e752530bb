import type { Logprobs } from "../../core/chat/chunk.js";
import { ENTRY_BYTES, estimateTextBytes } from "../../core/json/heap-size.js";
import { isObject } from "../../core/json/parse.js";
import { toText } from "../wire-values.js";
import { OpenItem, readLogprobs, readParts, type WireItem } from "./open-item.js";
import { SentText } from "./sent-text.js";

/** The two kinds of content that a message of the assistant has. */
export type ContentKind = "text" | "refusal";

/** Types of content parts by kind. Parts of other types are skipped. */
const KINDS: ReadonlyMap<unknown, ContentKind> = new Map([
  ["output_text", "text"],
  ["text", "text"],
  ["refusal", "refusal"],
]);

/** Bytes that a part takes beside its text. */
const PART_BYTES = 512;

/** A content part while it arrives. */
export class MessagePart {
  readonly sent = new SentText();
  /** Where the part begins in the answer's text. Positions in annotations count within the part. */
  start: number | undefined;
  hasLogprobs = false;
  /** The annotations so far, as JSON. */
  readonly annotations = new Set<string>();

  /** @param index `content_index`; undefined if the service sends none */
  constructor(
    readonly kind: ContentKind,
    readonly index: number | undefined,
  ) {}
}

/** A message of an answer: its text or its refusal. */
export class MessageItem extends OpenItem {
  /** The service's word for the part that the message plays in the answer, such as `commentary`; `""` if it has none. */
  phase = "";
  readonly parts: MessagePart[] = [];

  get hasRefusal(): boolean {
    return this.parts.some(({ kind, sent }) => kind === "refusal" && !sent.isEmpty);
  }

  open(item: WireItem): void {
    this.readPhase(item);
    for (const [index, part] of readParts(item["content"]).entries()) this.openPart(part, index);
  }

  /** Takes a part as it opens. It may have text already. */
  openPart(wire: WireItem, index: number | undefined): void {
    const kind = KINDS.get(wire["type"]);
    if (!kind) return;
    const part = this.getPart(kind, index);
    this.send(part, part.sent.open(readPartText(wire, kind)));
  }

  /** Adds a delta to a part. */
  addDelta(part: MessagePart, delta: string, logprobs?: Logprobs): void {
    this.send(part, part.sent.add(delta), logprobs);
  }

  /** Takes a part as a whole, and passes on what is missing so far. */
  completePart(wire: WireItem, index: number | undefined): void {
    const kind = KINDS.get(wire["type"]);
    if (!kind) return;
    const part = this.getPart(kind, index);
    const missing = part.sent.complete(readPartText(wire, kind));
    const logprobs = part.hasLogprobs ? undefined : readLogprobs(wire["logprobs"]);
    if (missing !== "" || logprobs) this.send(part, missing, logprobs);
    for (const annotation of readParts(wire["annotations"])) this.addAnnotation(part, annotation);
  }

  /** Adds an annotation to a part, unless the part has it. */
  addAnnotation(part: MessagePart, annotation: WireItem): void {
    const json = JSON.stringify(annotation);
    if (part.annotations.has(json)) return;
    this.listener.held.add(ENTRY_BYTES + estimateTextBytes(json));
    part.annotations.add(json);
    this.listener.onDelta({
      annotations: [toAnnotation(annotation, part.start ?? this.listener.textLength)],
    });
  }

  /** Gets a part, and creates it if it is new. */
  getPart(kind: ContentKind, index: number | undefined): MessagePart {
    const isSame = (part: MessagePart) =>
      part.kind === kind && (part.index === index || part.index === undefined || index === undefined);
    let part = this.parts.find(isSame);
    if (!part) {
      this.listener.held.add(PART_BYTES);
      part = new MessagePart(kind, index);
      this.parts.push(part);
    }
    return part;
  }

  protected addMissing(item: WireItem): void {
    this.readPhase(item);
    const whole = readParts(item["content"]);
    // Some services do not count the parts of a stream from 0. Then their order says which is which.
    const isCounted = this.parts.every(({ index = 0 }) => index in whole);
    for (const [position, part] of whole.entries()) {
      this.completePart(part, isCounted ? position : (this.parts[position]?.index ?? position));
    }
  }

  private readPhase({ phase }: WireItem): void {
    if (this.phase !== "" || typeof phase !== "string") return;
    this.listener.held.addText(phase);
    this.phase = phase;
  }

  private send(part: MessagePart, text: string, logprobs?: Logprobs): void {
    if (text === "" && !logprobs) return;
    part.start ??= this.listener.textLength;
    if (logprobs) part.hasLogprobs = true;
    if (part.kind === "text") this.listener.onText(text, this, logprobs);
    else this.listener.onDelta({ refusal: text }, logprobs && { refusal: logprobs.content });
  }
}

function readPartText(wire: WireItem, kind: ContentKind): string {
  return toText(wire[kind]);
}

/** Turns a citation into an annotation of Chat Completions, whose fields stand under the name of its type. */
function toAnnotation({ type, ...fields }: WireItem, start: number): WireItem {
  const name = toText(type) || "citation";
  // Some gateways send the form of Chat Completions.
  const citation: WireItem = isObject(fields[name]) ? { ...fields[name] } : fields;
  for (const position of ["start_index", "end_index"]) {
    const value = citation[position];
    if (typeof value === "number") citation[position] = value + start;
  }
  return { type: name, [name]: citation };
}
