import { randomUUID } from "node:crypto";
import type { ChatRequest } from "../../core/chat/request.js";
import { TotalStats } from "../../core/chat/stats.js";
import { type Cost, TotalCost } from "../../core/cost/amount.js";
import type { CallReport } from "../../core/tools/round.js";
import type { AskTag } from "../messages/ask-tags.js";
import type { StreamMessage } from "../messages/stream-message.js";
import type { Message } from "../red/api.js";

/** What the run's last message says about a turn. */
export interface RoundReport {
  usage: unknown;
  /** What the turn costs; null if that is unknown. */
  cost: Cost | null;
  finishReason: string;
  /** What the turn added to the run's text, in UTF-16 units. */
  characters: number;
  calls: CallReport[];
}

/** What is known of one run: a request and all the turns that its tool calls lead to. */
export interface RunRecord {
  readonly key: string;
  /** Tags of the nodes on whose behalf the run was asked for. */
  readonly outerTags: readonly AskTag[];
  /** A message whose properties ride along: of the stream, or before it the request. */
  base: Message;
  /** The turn, from 1. */
  round: number;
  /** Id of the stream for its reader: that of the first turn's stream. */
  stream: string | undefined;
  /** Index of the next message for the reader. */
  nextIndex: number;
  /** How often the stream has begun again for its reader. */
  restarts: number;
  /** Text of the turns that completed. */
  finishedTurnsText: string;
  /** Requests in all. */
  attempts: number;
  readonly rounds: RoundReport[];
  readonly stats: TotalStats;
  readonly cost: TotalCost;
  /** What the present turn asks, with the results of tools. */
  request: ChatRequest | undefined;
  /** The last message of the turn that ended last; it is held until the run is over. */
  last: StreamMessage | undefined;
  /** Ids of all calls. */
  readonly callIds: Set<string>;
  /** Name of a tool that gave no answer in the turn before. */
  timedOutTool: string;
  /** How far a call at an MCP server is, in a few characters; "" if none has told. */
  progress: string;
  /** Whether the run is to end with its present turn. */
  isCancelled: boolean;
  /** Whether the reader's stream has to begin again, since the run comes from the store. */
  mustReplay: boolean;
}

export function createRunRecord(base: Message, outerTags: readonly AskTag[]): RunRecord {
  return {
    key: randomUUID(),
    outerTags,
    base,
    round: 1,
    stream: undefined,
    nextIndex: 0,
    restarts: 0,
    finishedTurnsText: "",
    attempts: 0,
    rounds: [],
    stats: new TotalStats(),
    cost: new TotalCost(),
    request: undefined,
    last: undefined,
    callIds: new Set(),
    timedOutTool: "",
    progress: "",
    isCancelled: false,
    mustReplay: false,
  };
}
