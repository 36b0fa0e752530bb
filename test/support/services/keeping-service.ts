import { buildStream, formatEvents, RESPONSE_ID, type WireEvent } from "./responses-records.js";
import { type ResponsesAnswer, ResponsesService } from "./responses-service.js";
import type { Reply, ServiceRequest } from "./scripted-service.js";

/** What the service says of an answer that it no longer streams. */
const TOO_OLD = "This response can no longer be streamed because it is more than 5 minutes old.";

/** A mock of OpenAI's background mode: it keeps answers, streams them again from any place, and stops them. */
export class KeepingService extends ResponsesService {
  /** After how many records of a response the connection breaks, for each response in order; then none breaks. */
  cuts: number[] = [];
  /** Bytes of the next record that arrive before the connection breaks. */
  bytesOfCutRecord = 0;
  /** Whether the service refuses to stream answers again. */
  isForgetful = false;
  /** Ids of the answers that were stopped. */
  readonly stopped: string[] = [];
  private readonly kept = new Map<string, WireEvent[]>();

  protected override async handleOther(reply: Reply, request: ServiceRequest): Promise<boolean> {
    const { pathname, searchParams } = new URL(request.path, this.url);
    const [, id = "", step] = /\/responses\/([^/]+)(\/cancel)?$/.exec(pathname) ?? [];
    const events = this.kept.get(id);
    if (!events) return false;
    if (request.method === "POST" && step) {
      this.stopped.push(id);
      reply.sendJson(200, { id, object: "response", status: "cancelled" });
    } else if (this.isForgetful) {
      reply.sendJson(400, {
        error: { message: TOO_OLD, type: "invalid_request_error", param: null, code: null },
      });
    } else if (searchParams.get("stream") === "true") {
      const after = Number(searchParams.get("starting_after") ?? -1);
      await this.stream(
        reply,
        events.filter((event) => Number(event["sequence_number"]) > after),
      );
    } else return false;
    return true;
  }

  protected override async play(
    answer: ResponsesAnswer,
    reply: Reply,
    request: ServiceRequest,
  ): Promise<void> {
    if (request.body["background"] !== true || typeof answer === "function") {
      await super.play(answer, reply, request);
      return;
    }
    const id = `resp_kept${this.kept.size + 1}`;
    const events = JSON.parse(
      JSON.stringify(buildStream(answer)).replaceAll(`"${RESPONSE_ID}"`, `"${id}"`),
    ) as WireEvent[];
    this.kept.set(id, events);
    this.remember(events);
    await this.stream(reply, events);
  }

  private async stream(reply: Reply, events: readonly WireEvent[]): Promise<void> {
    const cut = this.cuts.shift() ?? events.length;
    reply.open();
    reply.response.write(formatEvents(events.slice(0, cut)));
    if (cut >= events.length) {
      reply.response.end();
      return;
    }
    reply.response.write(formatEvents(events.slice(cut, cut + 1)).subarray(0, this.bytesOfCutRecord));
    // What was sent must reach the client before the connection breaks.
    await new Promise((resolve) => setTimeout(resolve, 15));
    reply.drop();
  }
}
