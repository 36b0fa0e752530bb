/// <reference path="editor/red.d.ts" />
/// <reference path="streams.format.editor.ts" />

/** The last hour of each provider: sums, and a bar for each minute. */
namespace StreamTotals {
  type Total = import("../src/node-red/live-view/rows.js").ProviderTotal;

  const { translate, formatCount, formatUsd } = StreamWords;

  const SVG = "http://www.w3.org/2000/svg";
  /** Height of the chart in its own units; the width has one unit a minute. */
  const HEIGHT = 20;
  /** Height of the smallest bar: one stream in a busy hour must be seen. */
  const MIN_BAR = 1.5;

  export function draw(list: JQuery, totals: readonly Total[]): void {
    list.empty().append(totals.map(createTotal));
  }

  function createTotal(total: Total): JQuery {
    const { name, provider, streams, failed, inputTokens, outputTokens } = total;
    const counts = [
      translate(streams === 1 ? "total.stream" : "total.streams", { count: formatCount(streams) }),
    ];
    if (failed > 0) counts.push(translate("total.failed", { count: formatCount(failed) }));
    const sums = [
      ...(inputTokens + outputTokens > 0
        ? [translate("total.tokens", { input: formatCount(inputTokens), output: formatCount(outputTokens) })]
        : []),
      formatCost(total),
    ];
    return $("<li>", { "data-provider": provider }).append(
      $("<div>", { class: "chat-streams-total" }).append(
        $("<span>", { class: "chat-streams-provider", title: name }).text(name),
        $("<span>").text(counts.join(" · ")),
      ),
      $(createChart(total, `${name}: ${counts.join(", ")}. ${describePeak(total)}`)),
      $("<div>", { class: "chat-streams-sums" }).text(sums.join(" · ")),
    );
  }

  /** A sum that leaves out unknown amounts is only a lower bound, and says so. */
  function formatCost({ usd, unpriced }: Total): string {
    if (usd === 0 && unpriced > 0) return translate("total.unpriced");
    const amount = formatUsd(usd);
    return unpriced > 0 ? translate("total.atLeast", { amount }) : amount;
  }

  function describePeak({ minutes }: Total): string {
    return translate("total.peak", { count: formatCount(Math.max(...minutes)) });
  }

  /** Draws a bar for each minute; the failed part stands at its bottom. The label says the same in words. */
  function createChart({ minutes, failures }: Total, label: string): Element {
    const peak = Math.max(1, ...minutes);
    const svg = createSvg("svg", {
      viewBox: `0 0 ${minutes.length} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": label,
    });
    const title = createSvg("title", {});
    title.textContent = label;
    svg.append(title);
    minutes.forEach((count, at) => {
      if (count === 0) return;
      const height = Math.max(MIN_BAR, (count / peak) * HEIGHT);
      const failed = (failures[at]! / count) * height;
      if (failed < height) svg.append(createBar("chat-streams-bar", at, HEIGHT - height, height - failed));
      if (failed > 0) svg.append(createBar("chat-streams-bar-failed", at, HEIGHT - failed, failed));
    });
    return svg;
  }

  function createBar(name: string, x: number, y: number, height: number): Element {
    return createSvg("rect", { class: name, x: x + 0.1, y, width: 0.8, height });
  }

  function createSvg(name: string, attributes: Record<string, string | number>): Element {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    return element;
  }
}
