/// <reference path="editor/red.d.ts" />
/// <reference path="streams.format.editor.ts" />
/// <reference path="streams.rows.editor.ts" />

/** The streams of the tab: running ones, and those that have ended. By keyboard they are one stop, with arrow keys inside. */
namespace StreamList {
  type Row = StreamRows.Row;
  const { StreamItem } = StreamRows;
  type StreamItem = StreamRows.StreamItem;

  /** Rows of ended streams; the runtime remembers as many. */
  const MAX_ENDED = 100;

  const { translate } = StreamWords;

  export class List {
    readonly element = $("<div>");
    private readonly running = createGroup("running");
    private readonly ended = createGroup("ended");
    private readonly items = new Map<number, StreamItem>();
    /** Ended streams that the reader has cleared away. */
    private readonly cleared = new Set<number>();
    private filter = "";

    /** @param between what stands between the two groups */
    constructor(
      between: JQuery,
      private readonly onStop: (item: StreamItem) => void,
    ) {
      this.element.append(this.running.element, between, this.ended.element);
      this.element.on("keydown", (event) => this.handleKey(event));
      this.element.on("focusin", ({ target }) => this.setTabStop(target));
    }

    get size(): number {
      return this.items.size;
    }

    forgetAll(): void {
      for (const { element } of this.items.values()) element.remove();
      this.items.clear();
    }

    /**
     * Takes the rows that changed.
     * @returns the streams that ended
     */
    take(rows: readonly Row[], now: number, mayStop: boolean): StreamItem[] {
      const ended: StreamItem[] = [];
      for (const row of rows) {
        if (this.cleared.has(row.id)) continue;
        const known = this.items.get(row.id);
        if (!known && !row.facts) continue;
        const wasRunning = known?.isRunning ?? true;
        const item = known ?? this.add(row, mayStop);
        item.update(row, now);
        if (wasRunning && !item.isRunning) ended.push(item);
        if (!known || wasRunning !== item.isRunning) this.place(item);
        this.applyFilterTo(item);
      }
      for (const item of this.items.values()) if (item.isRunning) item.draw(now);
      this.trim();
      return ended;
    }

    /** Shows how many there are. @param running also those that are not shown */
    count(running: number): void {
      const shown = [...this.items.values()].filter(({ isRunning }) => isRunning).length;
      this.running.setCount(running);
      this.running.setNote(running > shown ? translate("more", { shown, running }) : "");
      this.ended.setCount(this.items.size - shown);
      this.keepTabStop();
    }

    clearEnded(): void {
      for (const item of this.items.values()) {
        if (item.isRunning) continue;
        this.cleared.add(item.id);
        this.remove(item);
      }
    }

    setFilter(text: string): void {
      this.filter = text.trim().toLowerCase();
      for (const item of this.items.values()) this.applyFilterTo(item);
      this.keepTabStop();
    }

    private add(row: Row, mayStop: boolean): StreamItem {
      const item = new StreamItem(row, row.facts!, this.onStop);
      item.setStopping(false, mayStop);
      this.items.set(row.id, item);
      return item;
    }

    /** Puts a stream on top of its group. Whoever has the focus in it keeps it. */
    private place(item: StreamItem): void {
      const focused = item.element.find(":focus");
      (item.isRunning ? this.running : this.ended).rows.prepend(item.element);
      if (focused.length === 0) return;
      const target = focused.is(":visible") ? focused : item.element.find("button").first();
      target.trigger("focus");
    }

    private applyFilterTo({ element, words }: StreamItem): void {
      element.toggle(words.toLowerCase().includes(this.filter));
    }

    private trim(): void {
      const ended = this.ended.rows.children();
      ended.slice(MAX_ENDED).each((_index, element) => this.remove($(element).data("item") as StreamItem));
      if (this.cleared.size <= 2 * MAX_ENDED) return;
      // The oldest of them are forgotten by the runtime, too.
      for (const id of [...this.cleared].slice(0, MAX_ENDED)) this.cleared.delete(id);
    }

    private remove(item: StreamItem): void {
      this.items.delete(item.id);
      item.element.remove();
    }

    // ---- Keyboard

    private handleKey(event: JQuery.TriggeredEvent): void {
      const rows = this.element.find(".chat-streams-row:visible");
      const row = $(event.target as Element).closest(".chat-streams-row");
      const at = rows.index(row);
      const buttons = row.find("button:visible:enabled");
      const column = buttons.index(event.target as Element);
      const target = findTarget(event.key ?? "", rows, at, buttons, column);
      if (!target || target.length === 0) return;
      event.preventDefault();
      target.trigger("focus");
    }

    private setTabStop(button: Element): void {
      this.element.find('button[tabindex="0"]').attr("tabindex", -1);
      // From a row, the Tab key leads to its Stop and then out of the list.
      $(button).closest(".chat-streams-row").find("button").attr("tabindex", 0);
    }

    /** The first row is where the Tab key leads to, as long as nobody is in the list. */
    private keepTabStop(): void {
      if (this.element.find(":focus").length > 0) return;
      const first = this.element.find(".chat-streams-row:visible button").first();
      if (first.length > 0) this.setTabStop(first[0]!);
    }
  }

  function findTarget(
    key: string,
    rows: JQuery,
    at: number,
    buttons: JQuery,
    column: number,
  ): JQuery | undefined {
    const nameOf = (index: number) => rows.eq(index).find("button").first();
    if (key === "ArrowDown" && at + 1 < rows.length) return nameOf(at + 1);
    if (key === "ArrowUp" && at > 0) return nameOf(at - 1);
    if (key === "Home") return nameOf(0);
    if (key === "End") return nameOf(rows.length - 1);
    if (key === "ArrowRight" && column + 1 < buttons.length) return buttons.eq(column + 1);
    if (key === "ArrowLeft" && column > 0) return buttons.eq(column - 1);
    return undefined;
  }

  /** Creates a group of rows with its heading. */
  function createGroup(kind: "running" | "ended") {
    const count = $("<span>", { class: "chat-streams-count" });
    const heading = $("<h3>", { id: `chat-streams-${kind}` }).text(`${translate(`group.${kind}`)} `);
    const note = $("<p>", { class: "chat-streams-note" }).hide();
    const rows = $("<div>", { role: "grid", "aria-labelledby": `chat-streams-${kind}` });
    const none = $("<p>", { class: "chat-streams-note" }).text(translate(`none.${kind}`));
    return {
      element: $("<section>", { "data-group": kind }).append(heading.append(count), none, rows, note),
      rows,
      setCount(value: number): void {
        count.text(value > 0 ? StreamWords.formatCount(value) : "");
        none.toggle(value === 0);
      },
      setNote(text: string): void {
        note.text(text).toggle(text !== "");
      },
    };
  }
}
