import { CompletionMachine } from "../../../core/chat/completion.js";
import type { Clock } from "../../../core/clock.js";
import { estimateHeapBytes } from "../../../core/json/heap-size.js";
import { buildOutput, type OutputItem } from "../../../serving/responses/items.js";
import { ResponsesWriter } from "../../../serving/responses/writer.js";
import type { Answer } from "../answer.js";

/** Items that are remembered for clients that send only their ids. The oldest go first. */
const MAX_ITEMS = 10_000;
const MAX_ITEM_BYTES = 16 * 1024 * 1024;
const MAX_AGE_MS = 60 * 60 * 1000;

interface RememberedItem {
  item: OutputItem;
  owner: string;
  size: number;
  until: number;
}

/** Parts of earlier answers of Responses: some SDKs send an id in place of a text, from the second turn on. */
export class ItemStore {
  private readonly items = new Map<string, RememberedItem>();
  private size = 0;

  constructor(private readonly clock: Clock) {}

  /** Remembers the items of an answer that has ended well. */
  remember(answer: Answer, isStreamed: boolean): void {
    if (!answer.end || answer.end.failure || !answer.log.isComplete) return;
    for (const item of listItems(answer, isStreamed)) {
      const size = estimateHeapBytes(item);
      this.items.set(item.id, {
        item,
        owner: answer.owner,
        size,
        until: this.clock.now() + MAX_AGE_MS,
      });
      this.size += size;
    }
    for (const [id, { until }] of this.items) {
      const isRoom = this.items.size <= MAX_ITEMS && this.size <= MAX_ITEM_BYTES;
      if (isRoom && until > this.clock.now()) break;
      this.forget(id);
    }
  }

  /** Finds an item. Nobody gets another client's. */
  find(id: string, owner: string): OutputItem | undefined {
    const found = this.items.get(id);
    return found && found.owner === owner && found.until > this.clock.now() ? found.item : undefined;
  }

  clear(): void {
    this.items.clear();
    this.size = 0;
  }

  private forget(id: string): void {
    this.size -= this.items.get(id)?.size ?? 0;
    this.items.delete(id);
  }
}

/** Lists the items of an answer, by the ids that its client got. */
function listItems({ name, log, end }: Answer, isStreamed: boolean): readonly OutputItem[] {
  if (!isStreamed) return buildOutput(name, readMessage(log.list()));
  const writer = new ResponsesWriter(name);
  for (const entry of log.list()) {
    if (typeof entry === "string") writer.writeText(entry);
    else if ("chunk" in entry) writer.writeChunk(entry.chunk, entry.text);
  }
  writer.end(end!);
  return writer.items;
}

function readMessage(entries: ReturnType<Answer["log"]["list"]>) {
  const machine = new CompletionMachine();
  for (const entry of entries) {
    if (typeof entry === "string") machine.addText(entry);
    else if ("chunk" in entry) machine.addChunk(entry.chunk, entry.text);
  }
  return machine.buildCompletion("").choices[0]?.message;
}
