import type { ServerResponse } from "node:http";
import { CompletionMachine } from "../../../core/chat/completion.js";
import type { Clock } from "../../../core/clock.js";
import { createEventsWriter, EVENTS, readEventId } from "../../../serving/events.js";
import { buildOutput, buildResponse } from "../../../serving/responses/items.js";
import { ResponsesWriter } from "../../../serving/responses/writer.js";
import type { HttpRequest } from "../../red/api.js";
import { createJsonAnswer, sendHttpAnswer } from "../http/http-answer.js";
import { readQuery } from "../http/query.js";
import { StreamReader } from "../readers/stream-reader.js";
import type { KeptAnswer } from "./answer-store.js";

/** A client that comes back to an answer. */
export interface Return {
  kept: KeptAnswer;
  request: HttpRequest;
  response: ServerResponse;
  clock: Clock;
}

/** Sends an answer again from its start, and what follows. @returns false if its start is not kept any more */
export function replayUi({ kept, response, clock }: Return): boolean {
  const { answer, form, createWriter } = kept;
  if (!answer.log.isComplete || kept.form.name !== "ui") return false;
  answer.addReader(new StreamReader({ answer, form, createWriter, response, clock }));
  return true;
}

/**
 * Sends an answer as events: what follows the event that the client got last, or everything.
 * @returns false if what the client needs is not kept any more, or if the client has everything
 */
export function replayEvents({ kept, request, response, clock }: Return): boolean {
  const { answer } = kept;
  const place = readEventId(request.headers["last-event-id"] ?? readQuery(request)["lastEventId"]);
  const isSame = place?.answerId === answer.name.id;
  if (isSame && place.index === "end") return false;
  const { log } = answer;
  const from = isSame ? Number(place.index) + 1 : log.start;
  // After a restart of the answer, the whole of it is there; the reader is told to forget what it has.
  if (!log.isComplete && (from < log.start || !isSame)) return false;
  const options = { answer, form: EVENTS, response, clock, from: Math.min(from, log.end) };
  answer.addReader(
    new StreamReader({ ...options, createWriter: (start) => createEventsWriter(answer.name, start) }),
  );
  return true;
}

/**
 * Sends a response: as it is now, or its events behind the number that the client got last.
 * @returns false if its start is not kept any more
 */
export function replayResponse({ kept, request, response, clock }: Return): boolean {
  const { answer, form } = kept;
  if (!answer.log.isComplete || form.name !== "responses") return false;
  const { stream, starting_after: after } = readQuery(request);
  if (stream !== "true") {
    sendHttpAnswer(response, createJsonAnswer(buildSnapshot(kept)));
    return true;
  }
  const skipTo = /^\d{1,9}$/.test(after ?? "") ? Number(after) : -1;
  const createWriter = () => new ResponsesWriter(answer.name, skipTo);
  answer.addReader(new StreamReader({ answer, form, createWriter, response, clock }));
  return true;
}

/** Builds a response as it is now. */
export function buildSnapshot({ answer: { name, log, end } }: KeptAnswer): object {
  const machine = new CompletionMachine();
  for (const entry of log.list()) {
    if (typeof entry === "string") machine.addText(entry);
    else if ("chunk" in entry) machine.addChunk(entry.chunk, entry.text);
  }
  return buildResponse(name, buildOutput(name, machine.buildCompletion(name.id).choices[0]?.message), end);
}
