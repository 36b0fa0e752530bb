/** The tables of the nodes behind chat-stream, and of tool calls. */
import { computeMedian } from "../statistics.mjs";
import {
  computeDifferences,
  computeGrowths,
  findMedian,
  findMedianRatio,
  listMeasuredClients,
} from "./figures.mjs";
import { formatClient, formatCount, formatNumber, formatTable } from "./formatting.mjs";

/** Formats what a node between chat-stream and the sink costs, and how many messages a delta-buffer saves. */
export function formatChainTable(chain, saved) {
  const clients = listMeasuredClients(chain);
  const parts = [];
  if (clients.length > 0) {
    const rows = clients.map((client) => {
      const added =
        client === "node-red-hop" ? [] : computeDifferences(chain, client, "node-red-hop", "frame");
      const total = findMedian(chain, client, "frame");
      return [formatClient(client), formatNumber(total), formatNumber(computeMedian(added))];
    });
    const title = `Node-RED, one stream of ${formatCount(chain.options.count)} chunks, CPU µs per chunk`;
    parts.push(formatTable([title, "total", "above a node that does nothing"], rows));
  }
  const messages = findMedian(saved, "node-red-delta-buffer", "messages");
  if (messages !== undefined) {
    const { chunks, perSecond } = saved.options;
    parts.push(
      `A stream of ${chunks} chunks, ${perSecond} a second, leaves a delta-buffer at 50 ms as ${messages} messages. ` +
        `It saves ${Math.round((1 - messages / chunks) * 100)} % of them.`,
    );
  }
  return parts.join("\n\n");
}

/** Formats what the live view costs while somebody watches. */
export function formatWatchedLine(watched) {
  const ratio = findMedian(watched, "node-red-watched", "ratio");
  if (ratio === undefined) return "";
  const [closed, open] = ["closed", "open"].map((field) => findMedian(watched, "node-red-watched", field));
  return (
    `At ${watched.options.streams} streams, a chunk of chat-stream costs ${formatNumber(closed, 1)} µs with the live view ` +
    `closed and ${formatNumber(open, 1)} µs with it open: ${formatNumber(ratio, 3, "×")}.`
  );
}

/** Formats how long a user waits when many waiting streams are stopped. */
export function formatWaitingLine(waiting) {
  const format = (field) => formatNumber(findMedian(waiting, "node-red-waiting", field), 0, " ms");
  if (listMeasuredClients(waiting).length === 0) return "";
  return (
    `${formatCount(waiting.options.streams)} waiting streams, stopped by one message: the longest turn of the event loop ` +
    `takes ${format("turn")}, the next question has its first text after ${format("next")}, and the last message of the ` +
    `last stream comes after ${format("all")}. The newest of as many questions of one topic, which came at once, has its first text ` +
    `${format("replaced")} after it was asked.`
  );
}

/** Formats the cost of tool-call arguments in small fragments. */
export function formatArgumentsTable(calls) {
  const clients = listMeasuredClients(calls);
  if (clients.length === 0) return "";
  const rows = clients.map((client) => [
    formatClient(client),
    formatNumber(findMedian(calls, client, "short")),
    formatNumber(findMedian(calls, client, "long")),
    formatNumber(findMedian(calls, client, "longest")),
    formatNumber(computeMedian(computeGrowths(calls, client)), 2, "×"),
    formatNumber(findMedianRatio(calls, client, "core", "long"), 1, "×"),
  ]);
  const head = ["tool-call arguments in 4-byte fragments, CPU µs per fragment", "25 KB", "100 KB", "400 KB"];
  return formatTable([...head, "growth to 100 KB", "100 KB, ratio to core"], rows);
}
