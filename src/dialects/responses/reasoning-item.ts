import { isObject } from "../../core/json/parse.js";
import { ReplacedSize } from "../held-size.js";
import { toText } from "../wire-values.js";
import { OpenItem, readParts, type WireItem } from "./open-item.js";
import { SentText } from "./sent-text.js";

/** The two ways in which a service shows reasoning: in summaries, or as the model's own words. */
type Source = "summary" | "text";

/** Bytes that a summary takes beside its text. */
const SUMMARY_BYTES = 256;

const SEPARATOR = "\n\n";

/** The reasoning before a message or a call. If a service shows it in both ways, the first one counts. */
export class ReasoningItem extends OpenItem {
  /** The whole item. */
  item: WireItem | undefined;
  private readonly itemSize = new ReplacedSize(this.listener.held);
  private source: Source | undefined;
  /** The summaries by their index. */
  private readonly summaries = new Map<number, SentText>();
  /** The model's own words. Some services count `content_index` up with every token, so the parts are one text. */
  private readonly words = new SentText();

  /** The reasoning that was passed on. */
  get text(): string {
    if (this.source === "text") return this.words.toString();
    return [...this.summaries.values()].map(String).join(SEPARATOR);
  }

  open(item: WireItem): void {
    this.openParts(item);
  }

  /** Gets the text that the next deltas add to; undefined if the item is shown in the other way. */
  getText(source: Source, index: number | undefined): SentText | undefined {
    this.source ??= source;
    if (this.source !== source) return undefined;
    if (source === "text") return this.words;
    let summary = this.summaries.get(index ?? 0);
    if (!summary) {
      this.listener.held.add(SUMMARY_BYTES);
      summary = new SentText();
      this.summaries.set(index ?? 0, summary);
    }
    return summary;
  }

  addDelta(text: SentText, delta: string): void {
    const isFirst = text.isEmpty;
    this.send(text.add(delta), isFirst);
  }

  /** Takes a summary or a part of the model's own words as a whole, and passes on what is missing so far. */
  completeText(source: Source, index: number | undefined, whole: string): void {
    if (whole === "") return;
    const text = this.getText(source, index);
    if (!text) return;
    const isFirst = text.isEmpty;
    this.send(text.complete(whole), isFirst);
  }

  protected addMissing(item: WireItem): void {
    // Some gateways leave the encrypted reasoning out when the item repeats.
    const encrypted = item["encrypted_content"] || this.item?.["encrypted_content"];
    this.item = encrypted ? { ...item, encrypted_content: encrypted } : item;
    this.itemSize.set(this.item);
    for (const [index, part] of readParts(item["summary"]).entries()) {
      this.completeText("summary", index, toText(part["text"]));
    }
    this.completeText("text", 0, joinWords(item["content"]));
  }

  private openParts(item: WireItem): void {
    for (const [index, part] of readParts(item["summary"]).entries()) this.openText("summary", index, part);
    const words = joinWords(item["content"]);
    if (words !== "") this.openText("text", 0, { text: words });
  }

  /** Takes a summary as it opens. It may have text already. */
  openText(source: Source, index: number | undefined, part: unknown): void {
    const opening = isObject(part) ? toText(part["text"]) : "";
    if (opening === "") return;
    const text = this.getText(source, index);
    if (!text) return;
    const isFirst = text.isEmpty;
    this.send(text.open(opening), isFirst);
  }

  /** @param isFirst whether this is the beginning of a summary or of the words */
  private send(text: string, isFirst: boolean): void {
    if (text === "") return;
    // A blank line stands between summaries, and between items.
    this.listener.onReasoning(isFirst && this.listener.hasReasoning ? SEPARATOR + text : text);
  }
}

/** Joins the texts of an item's `content`. */
function joinWords(content: unknown): string {
  return readParts(content)
    .map((part) => toText(part["text"]))
    .join("");
}
