/** What the live view in the editor gets. It has names, numbers and codes: no question, no answer, no key. */

/** `waiting`: for its turn. `asking`: for the service's first content. The others say how far it is or how it ended. */
export type StreamState = "waiting" | "asking" | "streaming" | "complete" | "failed" | "cancelled";

/** What seldom changes of a stream. A reader gets it once. */
export interface StreamFacts {
  /** The stream's id (`msg.parts.id`). */
  stream: string;
  /** Id of the node in the flow file. */
  node: string;
  /** Name of the node; `""` if it has none. */
  name: string;
  /** Name of the provider; `""` if there is none. */
  provider: string;
  /** The model that is asked; `""` before that is known. */
  model: string;
  /** Which attempt of a retry node it is, from 1. */
  attempt: number;
  /** Which turn of a tool-call-router's run it is, from 2; 1 also if there is no router. */
  round: number;
  /** When it began, in milliseconds of the runtime's monotonic clock; see `LiveSnapshot.now`. */
  startedAt: number;
}

/** A stream at this moment. */
export interface StreamRow {
  /** Number of the row. */
  id: number;
  /** Missing if the reader has them. */
  facts?: StreamFacts;
  state: StreamState;
  /** Chunks with content. */
  chunks: number;
  /** From the request to the first content, in milliseconds. */
  firstTokenMs: number | null;
  /** From the beginning to the end, waits included; null while it runs. */
  durationMs: number | null;
  /** Chunks a second of the whole answer, rounded; null while it runs, and for less than two chunks. */
  rate: number | null;
  /** Null if they are unknown. An estimate is made of the length of the texts. */
  tokens: { input: number; output: number; isEstimate: boolean } | null;
  /** Null if it is unknown. */
  cost: { usd: number; isEstimate: boolean } | null;
  /** Tools that the model has called. */
  toolCalls: number;
  /** Code of the failure, and the status if the service refused. Its sentence may quote the service and is left out. */
  error?: { code: string; status?: number };
}

/** What a provider did in the last hour. */
export interface ProviderTotal {
  /** Id of the provider's node. */
  provider: string;
  name: string;
  streams: number;
  failed: number;
  /** Of the streams whose tokens the service counted. */
  inputTokens: number;
  outputTokens: number;
  /** US dollars, of the streams whose cost is known. */
  usd: number;
  /** Streams that brought something and whose cost is unknown. */
  unpriced: number;
  /** Streams that ended in each minute, the latest last. */
  minutes: number[];
  /** Streams that failed in each minute. */
  failures: number[];
}

/** What has changed since a reader last asked. */
export interface LiveSnapshot {
  /** To be sent with the next request. */
  cursor: string;
  /** Whether the reader must forget all rows that it has. */
  isWhole: boolean;
  /** Milliseconds of the runtime's monotonic clock. */
  now: number;
  /** How many streams run, also those beyond `MAX_RUNNING_ROWS`. */
  running: number;
  /** Rows that changed, the oldest first. */
  streams: StreamRow[];
  /** Missing if nothing changed. */
  totals?: ProviderTotal[];
}

/** Running streams that are shown: the oldest. */
export const MAX_RUNNING_ROWS = 100;

/** Ended streams that are remembered: the latest. */
export const MAX_ENDED_ROWS = 100;
