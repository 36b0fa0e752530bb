import type { ServerResponse } from "node:http";
import { buildRefusal, ERROR_ON_PURPOSE, type FaultCounter, HTML_PAGE } from "./faults.js";
import { JSON_CONTENT_TYPE, sendJson, sendText } from "./http.js";
import type { DemoModel, Fault } from "./models.js";
import { writeAtPace } from "./pace.js";
import type { Step } from "./steps.js";

const EVENT_STREAM_TYPE = "text/event-stream; charset=utf-8";

/** @throws DemoError if the fault of this request is a refusal */
export function takeNextFault(model: DemoModel, faults: FaultCounter): Fault | undefined {
  const fault = faults.next(model);
  const refusal = fault && buildRefusal(fault);
  if (refusal) throw refusal;
  return fault;
}

/** Sends what comes in place of an answer. @returns false if the fault is another one */
export function sendNoAnswer(
  response: ServerResponse,
  fault: Fault | undefined,
  isStreamed: boolean,
): boolean {
  if (fault?.kind === "empty")
    sendText(response, 200, isStreamed ? EVENT_STREAM_TYPE : JSON_CONTENT_TYPE, "");
  else if (fault?.kind === "html") sendText(response, 200, "text/html; charset=utf-8", HTML_PAGE);
  else return false;
  return true;
}

/**
 * Sends an answer as server-sent events.
 *
 * @param pace chunks per second; 0: as fast as the socket takes them
 */
export function sendStream(response: ServerResponse, steps: Iterable<Step>, pace: number): Promise<void> {
  response.writeHead(200, { "content-type": EVENT_STREAM_TYPE, "cache-control": "no-cache" });
  return writeAtPace(steps, response, pace);
}

/** Sends an answer that is not streamed. It has no chunks to count, so a fault comes in its middle. */
export function sendWhole(response: ServerResponse, body: object, fault: Fault | undefined): void {
  const text = JSON.stringify(body);
  const half = text.slice(0, text.length / 2);
  switch (fault?.kind) {
    case "stall":
      break;
    case "drop":
      response.writeHead(200, {
        "content-type": JSON_CONTENT_TYPE,
        "content-length": Buffer.byteLength(text),
      });
      response.write(half, () => response.destroy());
      break;
    case "malformed":
      sendText(response, 200, JSON_CONTENT_TYPE, half);
      break;
    case "error":
      sendJson(response, 200, ERROR_ON_PURPOSE);
      break;
    default:
      sendJson(response, 200, body);
  }
}
