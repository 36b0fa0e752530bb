import type { ChatMessage, Chunk, Completion, Usage } from "../core/chat/chunk.js";
import type { Cost } from "../core/cost/amount.js";
import type { FailureData } from "../core/failure.js";
import type { ClientFailure } from "./client-failure.js";

/** A client's request in the words of Chat Completions, whichever form it came in. */
export interface ServedRequest {
  /** Name of the model as the client wrote it; `""` if the client leaves the choice to the server. */
  model: string;
  /** The whole conversation, in the form of Chat Completions. */
  messages: ChatMessage[];
  tools?: unknown[];
  /** Parameters by their names in Chat Completions, without those that a client may not set. */
  options: Record<string, unknown>;
  /** Whether the client reads the answer while it is written. */
  isStreamed: boolean;
  /** The client's own name of the conversation; `""` without one. Anybody can send any name. */
  conversation: string;
  /** The client's own name of its user; `""` without one. Anybody can send any name. */
  user: string;
}

/** What identifies an answer. */
export interface AnswerName {
  /** Unique and not to be guessed. */
  id: string;
  /** Seconds since 1970. */
  created: number;
  /** Name of the model as the client knows it. */
  model: string;
}

/** How an answer ends. */
export interface AnswerEnd {
  /** In the words of the message contract. */
  finishReason: string;
  usage: Usage | null;
  /** What the answer cost, if known. */
  cost?: Cost;
  /** Set if the answer is not whole. */
  failure?: FailureData;
  /** How long the answer took, in milliseconds, if known. */
  durationMs?: number;
}

/** A tool that the flow itself runs, as readers get to see it. */
export interface ToolNote {
  id: string;
  name: string;
  arguments: Record<string, unknown>;
  /** What the tool gave back; missing while it runs. */
  result?: string;
  /** Whether the result says what went wrong. */
  isFailed?: boolean;
}

/**
 * Writes one answer as frames of a form. A state machine without clock and socket: the same answer always becomes the
 * same frames. Each method returns text for the socket, `""` if there is nothing to write.
 */
export interface FrameWriter {
  /** Begins the answer. Called once, before everything else. */
  begin(): string;
  /** Writes a piece of plain answer text. */
  writeText(text: string): string;
  /** Writes a chunk. @param text the chunk's answer text, which counts in place of its own */
  writeChunk(chunk: Chunk, text: string): string;
  /** Writes a tool that the flow runs itself. Forms whose clients would run it themselves write nothing. */
  writeTool(note: ToolNote): string;
  /**
   * Takes back everything since the answer began.
   * @param start as in `createWriter`
   * @returns undefined if the form cannot say so
   */
  restart(start: number): string | undefined;
  /** Ends the answer, or says that it failed. Nothing follows. */
  end(end: AnswerEnd): string;
  /** Shows that the answer is still alive. @param needsRecord whether a comment is not enough: some clients ignore it */
  keepAlive(needsRecord: boolean): string;
}

/** An answer as a whole. */
export interface WholeAnswer {
  completion: Completion;
  end: AnswerEnd;
}

/** A client's request, read, and how its answer is written. */
export interface FormRequest {
  request: ServedRequest;
  /** @param start index of the first message that the writer gets, in forms that number them; default 0 */
  createWriter(name: AnswerName, start?: number): FrameWriter;
  /** Builds the body of an answer that is not streamed, if the form has that. Its failures never get here. */
  buildBody?: (name: AnswerName, answer: WholeAnswer) => unknown;
  /** Builds the answer to a request that asks nothing, such as one that loads a model. */
  buildInstantAnswer?: (name: AnswerName) => HttpAnswer;
}

/** An HTTP response that is complete. */
export interface HttpAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** The names of the forms in a flow file. */
export type FormName = "chat" | "responses" | "ollama" | "ui" | "ag-ui" | "events";

/** What a form may need beside the body of a request. */
export interface RequestSource {
  /** The name of a model in the address; `""` if there is none. */
  model: string;
  /** Finds a part of an earlier answer of the same client. */
  findItem(id: string): unknown;
}

/** One form of API: how its clients ask, and how they are answered. */
export interface Form {
  name: FormName;
  /** Headers of a streamed answer. */
  streamHeaders: Readonly<Record<string, string>>;
  /** @throws Failure `invalid_request` that names the field and what is wrong with it */
  readRequest(body: Record<string, unknown>, source: RequestSource): FormRequest;
  /** Answers a request that failed before its answer began. */
  buildError(failure: ClientFailure): HttpAnswer;
  /** Whether to break the connection after the record of a failure, because some clients overlook the record. */
  breaksOffFailures?: boolean;
}
