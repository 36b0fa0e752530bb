import { randomUUID } from "node:crypto";
import type { ChatRequest } from "../../core/chat/request.js";
import { TotalStats } from "../../core/chat/stats.js";
import { type Cost, TotalCost } from "../../core/cost/amount.js";
import type { CallReport } from "../../core/tools/round.js";
import type { AskTag } from "../messages/ask-tags.js";
import type { StreamMessage } from "../messages/stream-message.js";
import type { Message } from "../red/api.js";

/** What the run's last message says about a turn. */
export interface TurnReport {
  usage: unknown;
  /** What the turn costs; null if that is unknown. */
  cost: Cost | null;
  finishReason: string;
  /** What the turn added to the run's text, in UTF-16 units. */
  characters: number;
  calls: CallReport[];
}

/** What is known of one run: a request and all the turns that its tool calls lead to. */
export class RunRecord {
  readonly key: string = randomUUID();
  /** Number of the turn, from 1. */
  round = 1;
  /** Id of the stream for its reader: that of the first turn's stream. */
  stream: string | undefined;
  /** Index of the next message for the reader. */
  nextIndex = 0;
  /** How often the stream has begun again for its reader. */
  restarts = 0;
  /** Text of the turns that completed. */
  finishedTurnsText = "";
  /** Requests in all. */
  attempts = 0;
  /** One entry for each turn that ended, also for a turn without calls. */
  readonly rounds: TurnReport[] = [];
  readonly stats = new TotalStats();
  readonly cost = new TotalCost();
  /** What the present turn asks, with the results of tools. */
  request: ChatRequest | undefined;
  /** The last message of the turn that ended last; it is held until the run is over. */
  last: StreamMessage | undefined;
  /** Ids of all calls. */
  readonly callIds = new Set<string>();
  /** Name of a tool that gave no answer in the turn before. */
  timedOutTool = "";
  /** How far a call at an MCP server is, in a few characters; "" if none has told. */
  progress = "";
  /** Whether the run is to end with its present turn. */
  isCancelled = false;
  /** Whether the reader's stream has to begin again, since the run comes from the store. */
  mustReplay = false;

  /**
   * @param base a message whose properties ride along: of the stream, or before it the request
   * @param outerTags tags of the nodes on whose behalf the run was asked for
   */
  constructor(
    public base: Message,
    readonly outerTags: readonly AskTag[],
  ) {}
}
