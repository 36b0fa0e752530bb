import { isObject } from "../core/json.js";
import type { Message } from "./red.js";

/**
 * What a tool-call-router writes as `msg.toolRun` on the requests it sends. It rides along on every message of the
 * stream that comes of the request, and by it the node finds the run. No reader gets to see it.
 */
export interface RunTag {
  /** The router. */
  node: string;
  run: string;
  /** Which turn of the run is asked for, from 1. */
  round: number;
  /** The stream that the run's reader knows; not known when the first turn is asked for. */
  stream?: string;
  /** That of another router, in whose run this one happens. */
  outer?: RunTag;
}

/** Nodes within nodes that are looked through. */
const DEEPEST = 8;

/** A message's tag. It has travelled through a flow, and may be anything. */
export function runTagOf(message: Message): RunTag | undefined {
  return asTag(message["toolRun"]);
}

/** Whether a message asks for a turn of a run whose beginning is older than the message. */
export function asksForNextTurn(message: Message): boolean {
  return (runTagOf(message)?.round ?? 0) > 1;
}

/** Whether a tag, or one around it, is of the run that its reader knows as this stream, or of the run of this key. */
export function runsFor(tag: RunTag | undefined, stream: string): boolean {
  let looked = tag;
  for (let depth = 0; looked && depth < DEEPEST; depth++) {
    if (looked.stream === stream || looked.run === stream) return true;
    looked = asTag(looked.outer);
  }
  return false;
}

function asTag(value: unknown): RunTag | undefined {
  if (!isObject(value) || typeof value["node"] !== "string" || typeof value["run"] !== "string")
    return undefined;
  return typeof value["round"] === "number" ? (value as unknown as RunTag) : undefined;
}
