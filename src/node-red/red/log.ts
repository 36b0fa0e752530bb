import { toPrintable } from "../../core/printable.js";
import type { RuntimeNode } from "./api.js";

/** Warns the author in the log. The text may quote a service, a model or a message, so it is made printable. */
export function logWarning(node: Pick<RuntimeNode, "warn">, text: string): void {
  node.warn(toPrintable(text));
}

/** Puts a line of a foreign program into the log. */
export function logLine(node: Pick<RuntimeNode, "log">, text: string): void {
  node.log(toPrintable(text));
}

/** Notes something in the log that the author need not read. */
export function logDetail(node: Pick<RuntimeNode, "debug">, text: string): void {
  node.debug(toPrintable(text));
}

/** Texts that are remembered. Messages may bring other tools every time, and models make names up. */
const MAX_WARNINGS = 100;

/** Tells the author something once. */
export class WarnOnce {
  private readonly warned = new Set<string>();

  constructor(private readonly node: RuntimeNode) {}

  warn(text: string): void {
    if (this.warned.has(text) || this.warned.size >= MAX_WARNINGS) return;
    this.warned.add(text);
    logWarning(this.node, text);
  }
}
