import {
  buildEvent,
  buildMessageEvents,
  buildResponse,
  buildTextDelta,
  formatEvents,
  START,
} from "./responses-records.js";

/** The two forms in which the scripted service answers, as `api` of a provider names them. */
export const FORMS = ["chat", "responses"] as const;

/** Writes the text of one answer in the form of Responses, piece by piece. */
export class ResponsesAnswerWriter {
  private readonly pieces: string[] = [];

  /** Writes a piece, and before the first one what opens the answer. */
  writeText(text: string): string {
    const opening = this.pieces.length === 0 ? [...START, ...buildMessageEvents([]).slice(0, 2)] : [];
    this.pieces.push(text);
    return formatEvents([...opening, buildTextDelta(text, 0, { item_id: "msg_0" })]).toString();
  }

  /** Writes the end. @param counts in the words of Responses */
  writeEnd(reason: string, counts: object | undefined): string {
    const status = reason === "stop" ? "completed" : "incomplete";
    const details = reason === "stop" ? null : { reason };
    const response = buildResponse({ status, incomplete_details: details, usage: counts ?? null });
    const closing = buildMessageEvents(this.pieces).slice(-3);
    return formatEvents([...closing, buildEvent(status, { response })]).toString();
  }
}
