import { RESPONSES_ITEMS } from "../../core/chat/vendor-echo.js";
import { estimateHeapBytes } from "../../core/json/heap-size.js";
import { ReplacedSize } from "../held-size.js";
import { toText } from "../wire-values.js";
import { type ItemListener, OpenItem, type WireItem } from "./open-item.js";

/** The steps of a longer item are not passed on, because the whole item goes with each of them. Previews and its end are. */
const MAX_PROGRESS_CHARS = 8 * 1024;

/**
 * An item that Chat Completions has no place for: the service's own tools, their results, a compaction. Its latest state
 * is passed on unchanged whenever it changes, except for a drawn picture, which Chat Completions has a place for.
 */
export class HostedItem extends OpenItem {
  /** The latest state. */
  item: WireItem;
  /** The latest state as JSON. */
  private json = "";
  private hasPicture = false;
  private readonly size: ReplacedSize;

  /** @param key the item's key in the field `RESPONSES_ITEMS` */
  constructor(
    type: string,
    listener: ItemListener,
    readonly key: number,
  ) {
    super(type, listener);
    this.item = { type };
    this.size = new ReplacedSize(listener.held);
  }

  open(item: WireItem): void {
    this.update(item);
  }

  /** Takes a step of the service's work. @param fields what the event says, such as its status */
  addProgress(fields: WireItem): void {
    // A preview takes the place of the one before, so that the item does not grow.
    const isShort = this.json.length <= MAX_PROGRESS_CHARS || "partial_image_b64" in fields;
    if (!this.isDone && isShort) this.update({ ...this.item, ...fields });
  }

  protected addMissing(item: WireItem): void {
    const { result, ...rest } = item;
    if (this.type !== "image_generation_call") {
      this.update(item);
      return;
    }
    this.update(rest);
    if (this.hasPicture || typeof result !== "string" || result === "") return;
    this.hasPicture = true;
    const format = toText(item["output_format"]) || "png";
    const url = `data:image/${format === "svg" ? "svg+xml" : format};base64,${result}`;
    this.listener.onDelta({ images: [{ type: "image_url", image_url: { url } }] });
  }

  private update(item: WireItem): void {
    const json = JSON.stringify(item);
    if (json === this.json) return;
    this.size.setBytes(estimateHeapBytes(item) + json.length);
    this.json = json;
    this.item = item;
    this.listener.onDelta({ [RESPONSES_ITEMS]: { [this.key]: structuredClone(item) } });
  }
}
