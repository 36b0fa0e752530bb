/// <reference path="editor/palette-words.editor.ts" />
/// <reference path="streams.feed.editor.ts" />
/// <reference path="streams.format.editor.ts" />
/// <reference path="streams.list.editor.ts" />
/// <reference path="streams.rows.editor.ts" />
/// <reference path="streams.totals.editor.ts" />

/** The tab Streams of the sidebar: what runs, what ended, and the last hour of each provider. */
(() => {
  const TAB = "chat-streams";
  const ACTION = "chat-stream:show-streams-tab";

  const { translate } = StreamWords;

  class StreamsTab {
    readonly content = $("<div>", { class: "chat-streams" });
    private readonly trouble = $("<p>", { class: "chat-streams-trouble", role: "status" }).hide();
    private readonly hour = $("<section>");
    private readonly totals = $("<ul>", { class: "chat-streams-totals" });
    private readonly news = $("<div>", { class: "chat-streams-hidden", "aria-live": "polite" });
    private readonly list = new StreamList.List(this.hour, (item) => this.stop(item));
    private readonly filter = $("<input>", { type: "text" });
    private running = 0;

    constructor() {
      const heading = $("<h3>", { id: "chat-streams-hour" }).text(translate("group.hour"));
      this.totals.attr("aria-labelledby", "chat-streams-hour");
      this.hour.append(heading, this.totals).hide();
      const body = $("<div>", { class: "chat-streams-body" });
      body.append(this.trouble, this.list.element);
      this.content.append(this.createHeader(), body, this.news);
      this.list.count(0);
      StreamFeed.follow(this.content[0]!, {
        onSnapshot: (snapshot) => this.show(snapshot),
        onTrouble: (trouble) => this.trouble.text(translate(`trouble.${trouble}`)).show(),
      });
    }

    private createHeader(): JQuery {
      const clear = $("<button>", { type: "button", class: "red-ui-sidebar-header-button" });
      clear.attr({ "aria-label": translate("clear"), title: translate("clear"), "data-action": "clear" });
      clear.append($("<i>", { class: "fa fa-trash-o", "aria-hidden": "true" }));
      clear.on("click", () => {
        this.list.clearEnded();
        this.list.count(this.running);
      });
      const search = $("<div>", { class: "chat-streams-search" }).append(this.filter);
      this.filter.attr({ "aria-label": translate("filter"), placeholder: translate("filter") });
      this.filter.searchBox({ delay: 100, change: () => this.list.setFilter(String(this.filter.val())) });
      return $("<div>", { class: "red-ui-sidebar-header chat-streams-header" }).append(search, clear);
    }

    private show(snapshot: StreamFeed.Snapshot): void {
      const { isWhole, now, running, streams, totals } = snapshot;
      this.trouble.hide();
      this.running = running;
      if (isWhole) this.list.forgetAll();
      const ended = this.list.take(streams, now, RED.user.hasPermission("chat-stream.write"));
      this.list.count(running);
      if (totals) {
        this.hour.toggle(totals.length > 0);
        StreamTotals.draw(this.totals, totals);
      }
      // What ended before the tab was opened is no news.
      if (!isWhole && ended.length > 0) this.news.text(ended.map(({ news }) => news).join(". "));
    }

    private stop(item: StreamRows.StreamItem): void {
      item.setStopping(true, true);
      $.post(`chat-streams/${item.id}/stop`).fail(({ status }: { status: number }) => {
        item.setStopping(false, true);
        // It has ended by itself in the meantime.
        if (status !== 404) RED.notify(translate("notStopped"), "error");
      });
    }
  }

  RED.plugins.registerPlugin(TAB, {
    onadd() {
      PaletteWords.add();
      RED.actions.add(ACTION, () => RED.sidebar.show(TAB));
      RED.sidebar.addTab({
        id: TAB,
        label: translate("label"),
        name: translate("name"),
        iconClass: "fa fa-tasks",
        content: new StreamsTab().content,
        enableOnEdit: true,
        action: ACTION,
      });
    },
  });
})();
