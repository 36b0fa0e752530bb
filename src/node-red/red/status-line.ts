import { toPrintable } from "../../core/printable.js";
import type { NodeStatus, RuntimeNode } from "./api.js";
import { reportError, wrapThrown } from "./node-error.js";

/** Shortest time between two updates: all nodes share the editor's websocket. */
const MIN_INTERVAL_MS = 250;

/** Shows a node's status in the editor, throttled. The last state is always shown; nothing is shown after close. */
export class StatusLine {
  private timer: NodeJS.Timeout | undefined;
  private render: () => NodeStatus = () => ({});
  private shownText = "";
  private shownAt = Number.NEGATIVE_INFINITY;
  private isClosed = false;

  constructor(private readonly node: RuntimeNode) {}

  /**
   * Schedules an update. Cheap enough to call for every chunk.
   * @param render called when the update is due, never at once: sending a request comes before updating the editor
   */
  show(render: () => NodeStatus): void {
    if (this.isClosed) return;
    this.render = render;
    if (this.timer !== undefined) return;
    this.timer = setTimeout(this.update, Math.max(0, this.shownAt + MIN_INTERVAL_MS - performance.now()));
    this.timer.unref();
  }

  /** Stops all updates. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  private readonly update = (): void => {
    this.timer = undefined;
    try {
      const status = this.render();
      if (status.text !== undefined) status.text = toPrintable(status.text);
      const text = JSON.stringify(status);
      if (text === this.shownText) return;
      this.shownText = text;
      this.shownAt = performance.now();
      this.node.status(status);
    } catch (thrown) {
      // A Status node's flow may throw. Nobody else would catch what a timer throws.
      reportError(this.node, wrapThrown(thrown), {});
    }
  };
}
