import { toPrintable } from "../../core/printable.js";
import type { RuntimeNode } from "./api.js";

/** Warns the author in the log. The text may quote a service, a model or a message, so it is made printable. */
export function logWarning(node: Pick<RuntimeNode, "warn">, text: string): void {
  node.warn(toPrintable(text));
}

/** Notes something in the log that the author need not read. */
export function logDetail(node: Pick<RuntimeNode, "debug">, text: string): void {
  node.debug(toPrintable(text));
}
