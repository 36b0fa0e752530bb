import { isObject } from "../../core/json/parse.js";
import type { Message } from "../red/api.js";

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

/** The tag of the stream that a message is all of: who asked, and no more whose the message is. */
export function pastRunTagOf(message: Message): RunTag | undefined {
  const { toolRun } = message;
  return isObject(toolRun) ? asTag(toolRun["over"]) : undefined;
}

/** Whether a message asks for a turn of a run whose beginning is older than the message. */
export function asksForNextTurn(message: Message): boolean {
  return (runTagOf(message)?.round ?? 0) > 1;
}

/** The names that a tag and those around it give their streams: the runs' keys, and what their readers know. */
export function namesOfRuns(tag: RunTag | undefined): string[] {
  return enclosingTags(tag).flatMap(({ run, stream }) => (stream === undefined ? run : [run, stream]));
}

/** The tag that a router has written: this one, or one around it. */
export function tagBy(tag: RunTag | undefined, node: string): RunTag | undefined {
  return enclosingTags(tag).find((one) => one.node === node);
}

/** A tag, and those around it. */
function enclosingTags(tag: RunTag | undefined): RunTag[] {
  const tags: RunTag[] = [];
  for (let one = tag; one && tags.length < DEEPEST; one = asTag(one.outer)) tags.push(one);
  return tags;
}

function asTag(value: unknown): RunTag | undefined {
  if (!isObject(value) || typeof value["node"] !== "string" || typeof value["run"] !== "string")
    return undefined;
  return typeof value["round"] === "number" ? (value as unknown as RunTag) : undefined;
}
