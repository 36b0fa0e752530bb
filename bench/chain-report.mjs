/** The tables of the nodes behind chat-stream, and of tool calls. */
import { differences, growths, labelOf, measured, ratio, show, table, value } from "./figures.mjs";
import { median } from "./statistics.mjs";

/** What a node between chat-stream and the sink costs, and how many messages a delta-buffer saves. */
export function chainTable(chain, saved) {
  const clients = measured(chain);
  const parts = [];
  if (clients.length > 0) {
    const rows = clients.map((client) => {
      const over = client === "node-red-hop" ? [] : differences(chain, client, "node-red-hop", "frame");
      return [labelOf(client), show(value(chain, client, "frame")), show(median(over))];
    });
    const count = chain.options.count.toLocaleString("en-US");
    const title = `Node-RED, one stream of ${count} chunks, CPU µs per chunk`;
    parts.push(table([title, "in all", "over the hop of any node"], rows));
  }
  const messages = value(saved, "node-red-delta-buffer", "messages");
  if (messages !== undefined) {
    const { chunks, perSecond } = saved.options;
    parts.push(
      `A stream of ${chunks} chunks, ${perSecond} a second, leaves delta-buffer at 50 ms in ${messages} messages: ` +
        `${Math.round((1 - messages / chunks) * 100)} % are saved.`,
    );
  }
  return parts.join("\n\n");
}

/** Tool-call arguments in small pieces. */
export function argumentsTable(calls) {
  const clients = measured(calls);
  if (clients.length === 0) return "";
  const rows = clients.map((client) => [
    labelOf(client),
    show(value(calls, client, "short")),
    show(value(calls, client, "long")),
    show(value(calls, client, "longest")),
    show(median(growths(calls, client)), 2, "×"),
    show(ratio(calls, client, "core", "long"), 1, "×"),
  ]);
  const head = ["tool-call arguments in 4-byte fragments, CPU µs per fragment", "25 KB", "100 KB", "400 KB"];
  return table([...head, "growth to 100 KB", "100 KB, to core"], rows);
}

/** The cheapest of the SDKs. */
export function bestPeer(calls) {
  const peers = measured(calls).filter((client) => client !== "core" && client !== "plain-loop");
  const cost = (client) => value(calls, client, "long") ?? Number.POSITIVE_INFINITY;
  return peers.toSorted((a, b) => cost(a) - cost(b))[0];
}
