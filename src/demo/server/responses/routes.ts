import type { ServerResponse } from "node:http";
import { createInvalidFieldError, DemoError } from "../../errors.js";
import type { FaultCounter } from "../faults.js";
import { sendJson } from "../http.js";
import { type Fault, readModel } from "../models.js";
import { sendNoAnswer, sendStream, sendWhole, takeNextFault } from "../send-answer.js";
import { createAnswer } from "./answer.js";
import { readDemoResponsesRequest } from "./request.js";
import { buildDemoResponse, findEndStatus } from "./response.js";
import type { StoredAnswers } from "./stored-answers.js";

/** Faults of one stream. The answer itself is whole, and another stream of it may be, too. */
const STREAM_FAULTS: readonly Fault["kind"][] = ["drop", "stall", "malformed"];

/** What the routes of Responses share with the other forms. */
export interface ResponsesState {
  /** Chunks per second. */
  readonly pace: number;
  readonly faults: FaultCounter;
  readonly stored: StoredAnswers;
}

/** Answers `POST /v1/responses`. @throws DemoError if the request is refused */
export async function answerResponses(
  body: unknown,
  response: ServerResponse,
  { pace, faults, stored }: ResponsesState,
): Promise<void> {
  const request = readDemoResponsesRequest(body);
  const model = readModel(request.model, pace);
  const fault = takeNextFault(model, faults);
  if (sendNoAnswer(response, fault, request.stream)) return;
  const begun = stored.begin(createAnswer(request, model, fault));
  if (request.stream) {
    await sendStream(response, begun.stream(-1, pickStreamFault(fault)), model.pace);
    return;
  }
  const status = request.background ? "queued" : findEndStatus(begun.answer);
  sendWhole(response, buildDemoResponse(begun.answer, status), pickStreamFault(fault));
}

/**
 * Answers a request for an answer that is stored: `GET` it whole or as a stream, `DELETE` it, or `POST …/cancel`.
 *
 * @throws DemoError if the request is refused
 */
export async function serveStored(
  method: string,
  id: string,
  query: URLSearchParams,
  response: ServerResponse,
  { faults, stored }: ResponsesState,
): Promise<void> {
  const found = stored.get(id);
  const { answer } = found;
  const { background, stream } = answer.request;
  if (method === "DELETE") {
    stored.delete(id);
    sendJson(response, 200, { id, object: "response", deleted: true });
  } else if (method === "POST") {
    if (!background) throw new DemoError(400, "Cannot cancel a synchronous response.");
    found.cancel();
    sendJson(response, 200, buildDemoResponse(answer, found.status));
  } else if (query.get("stream") === "true") {
    const after = readCursor(query.get("starting_after"));
    if (!background || !stream) {
      const message =
        "Only a response that was created with 'background' and 'stream' can be streamed again.";
      throw new DemoError(400, message, { param: "stream" });
    }
    const fault = pickStreamFault(answer.model.fault) && faults.next(answer.model);
    await sendStream(response, found.stream(after, fault), answer.model.pace);
  } else {
    // An answer that was sent as a whole is there, whatever the pace.
    const status = background || stream ? found.status : findEndStatus(answer);
    sendJson(response, 200, buildDemoResponse(answer, status));
  }
}

/** @returns undefined if the fault is not one of a single stream */
function pickStreamFault(fault: Fault | undefined): Fault | undefined {
  return STREAM_FAULTS.some((kind) => kind === fault?.kind) ? fault : undefined;
}

function readCursor(text: string | null): number {
  if (text === null) return -1;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw createInvalidFieldError("starting_after", "expected the number of an event.");
}
