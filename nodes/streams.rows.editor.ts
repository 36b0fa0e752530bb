/// <reference path="editor/red.d.ts" />
/// <reference path="streams.format.editor.ts" />

/** The rows of the tab Streams: one for each stream, the latest first. */
namespace StreamRows {
  export type Row = import("../src/node-red/live-view/rows.js").StreamRow;
  export type Facts = import("../src/node-red/live-view/rows.js").StreamFacts;

  const { translate, formatCount, formatDuration, formatRate, formatUsd } = StreamWords;

  const ICONS: Readonly<Record<Row["state"], string>> = {
    waiting: "fa-clock-o",
    asking: "fa-ellipsis-h",
    streaming: "fa-arrow-circle-down",
    complete: "fa-check",
    failed: "fa-exclamation-triangle",
    cancelled: "fa-stop-circle-o",
  };

  /** How long the rate looks back. */
  const RATE_MS = 3_000;

  /** A stream on the page. */
  export class StreamItem {
    readonly element: JQuery;
    private readonly icon = $("<i>");
    private readonly state = $("<span>", { class: "chat-streams-hidden" });
    private readonly name = $("<button>", { type: "button", class: "chat-streams-name", tabindex: -1 });
    private readonly time = $("<span>", { class: "chat-streams-time" });
    private readonly stop = $("<button>", { type: "button", class: "chat-streams-stop", tabindex: -1 });
    private readonly service = $("<div>", { class: "chat-streams-service" });
    private readonly figures = $("<div>", { class: "chat-streams-figures" });
    private readonly error = $("<div>", { class: "chat-streams-error" });
    /** Chunks at moments of the last seconds. */
    private samples: { at: number; chunks: number }[] = [];

    constructor(
      private row: Row,
      readonly facts: Facts,
      onStop: (item: StreamItem) => void,
    ) {
      this.stop.append($("<i>", { class: "fa fa-stop", "aria-hidden": "true" }));
      const title = $("<div>", { class: "chat-streams-title", role: "gridcell" });
      title.append(this.icon, this.state, this.name, this.time);
      const actions = $("<div>", { class: "chat-streams-actions", role: "gridcell" }).append(this.stop);
      const details = $("<div>", { class: "chat-streams-details", role: "gridcell" });
      details.append(this.service, this.figures, this.error);
      this.element = $("<div>", { class: "chat-streams-row", role: "row", "data-stream": facts.stream });
      this.element.append(title, actions, details).data("item", this);
      this.name.on("click", () => this.reveal());
      this.stop.on("click", () => onStop(this));
    }

    get id(): number {
      return this.row.id;
    }

    get isRunning(): boolean {
      return this.row.durationMs === null;
    }

    get label(): string {
      if (this.facts.name) return this.facts.name;
      // Without a name, a node shows its model on the canvas.
      const node = RED.nodes.node(this.facts.node);
      return (node && RED.utils.getNodeLabel(node, "")) || translate("unnamed");
    }

    /** The texts by which a filter finds the stream. */
    get words(): string {
      const { provider, model } = this.facts;
      return [this.label, provider, model, this.row.state, this.stateText, this.row.error?.code ?? ""].join(
        " ",
      );
    }

    /** What a screen reader says when the stream has ended. */
    get news(): string {
      const { error } = this.row;
      return `${this.label}: ${error ? error.code : this.stateText}`;
    }

    /** Takes what has changed. @param now milliseconds of the runtime's clock */
    update(row: Row, now: number): void {
      this.row = row;
      Object.assign(this.facts, row.facts);
      if (!this.time.attr("title")) this.time.attr("title", describeStart(now - this.facts.startedAt));
      this.draw(now);
    }

    draw(now: number): void {
      const { row, facts } = this;
      this.element.attr("data-state", row.state);
      setClass(this.icon, `fa ${ICONS[row.state]}`);
      setText(this.state, this.stateText);
      setText(this.name, this.label);
      this.markMissingNode();
      setText(this.time, formatDuration(row.durationMs ?? now - facts.startedAt));
      setText(this.service, [facts.model, facts.provider].filter(Boolean).join(" · "));
      this.stop.toggle(this.isRunning);
      const hint = translate("stop", { name: this.label });
      if (this.stop.attr("aria-label") !== hint) this.stop.attr({ "aria-label": hint, title: hint });
      this.drawFigures(now);
      const { error } = row;
      if (error) {
        const code = error.status ? `${error.code} ${error.status}` : error.code;
        setText(this.error, `${code}: ${translate(`error.${error.code}`)}`);
      }
    }

    /** Says that the stop is on its way, so that nobody presses twice. */
    setStopping(isStopping: boolean, mayStop: boolean): void {
      // A disabled button would lose the focus to the page.
      if (this.stop.is(":focus")) this.name.trigger("focus");
      this.stop.prop("disabled", isStopping || !mayStop);
    }

    private get stateText(): string {
      return translate(`state.${this.row.state}`);
    }

    private reveal(): void {
      // The row of a stream that has ended is not drawn again, and its node may have been deleted since.
      this.markMissingNode();
      if (RED.nodes.node(this.facts.node)) RED.view.reveal(this.facts.node);
    }

    private markMissingNode(): void {
      const isThere = Boolean(RED.nodes.node(this.facts.node));
      const hint = translate(isThere ? "reveal" : "gone", { name: this.label });
      if (this.name.attr("title") === hint) return;
      this.name.attr({ title: hint, "aria-disabled": String(!isThere) });
    }

    private drawFigures(now: number): void {
      const figures = this.listFigures(now);
      const shown = this.figures.children();
      figures.forEach(([text, hint], at) => {
        const figure = at < shown.length ? shown.eq(at) : $("<span>").appendTo(this.figures);
        setText(figure, text);
        if ((figure.attr("title") ?? "") !== hint) figure.attr("title", hint);
      });
      shown.slice(figures.length).remove();
    }

    /** @returns texts, and what each of them means */
    private listFigures(now: number): [string, string][] {
      const { chunks, firstTokenMs, tokens, cost, toolCalls } = this.row;
      const { attempt, round } = this.facts;
      const figures: [string, string][] = [];
      const add = (key: string, value: string) =>
        figures.push([translate(`figure.${key}`, { value }), translate(`hint.${key}`)]);
      if (this.isRunning && chunks === 0) figures.push([this.stateText, ""]);
      if (attempt > 1) add("attempt", String(attempt));
      if (round > 1) add("round", String(round));
      if (firstTokenMs !== null) add("first", formatDuration(firstTokenMs));
      if (chunks > 0) {
        const key = chunks === 1 ? "figure.chunk" : "figure.chunks";
        figures.push([translate(key, { value: formatCount(chunks) }), translate("hint.chunks")]);
        const rate = this.isRunning ? this.measureRate(now) : this.row.rate;
        if (rate !== null) figures.push([formatRate(rate), translate("hint.rate")]);
      }
      if (tokens) {
        const about = tokens.isEstimate ? "~" : "";
        add("tokens", `${about}${formatCount(tokens.input)} → ${about}${formatCount(tokens.output)}`);
      }
      if (cost) add("cost", (cost.isEstimate ? "~" : "") + formatUsd(cost.usd));
      if (toolCalls > 0) add("tools", String(toolCalls));
      return figures;
    }

    /** @returns chunks a second of the last seconds; null at the first look, which tells no rate yet */
    private measureRate(now: number): number | null {
      const { chunks } = this.row;
      this.samples = this.samples.filter(({ at }) => now - at <= RATE_MS);
      this.samples.push({ at: now, chunks });
      const first = this.samples[0]!;
      return now > first.at ? ((chunks - first.chunks) * 1000) / (now - first.at) : null;
    }
  }

  function describeStart(age: number): string {
    return translate("hint.start", { time: StreamWords.formatClock(Date.now() - age) });
  }

  function setText(element: JQuery, text: string): void {
    if (element.text() !== text) element.text(text);
  }

  function setClass(element: JQuery, name: string): void {
    if (element.attr("class") !== name) element.attr({ class: name, "aria-hidden": "true" });
  }
}
