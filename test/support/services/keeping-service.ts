import { buildStream, formatEvents, RESPONSE_ID, type WireEvent } from "./responses-records.js";
import { type ResponsesAnswer, ResponsesService } from "./responses-service.js";
import type { Reply, ServiceRequest } from "./scripted-service.js";

/** What the service says of an answer that it no longer streams. */
const TOO_OLD = "This response can no longer be streamed because it is more than 5 minutes old.";

/**
 * What the service does if it is asked to go on behind a record. `repeated`: it begins with that record, `late`: a record
 * is missing, `whole`: it sends the whole answer without streaming.
 */
export type CursorHabit =
  | "kept"
  | "refused"
  | "broken"
  | "ignored"
  | "repeated"
  | "late"
  | "whole"
  | "always-whole";

/** A mock of OpenAI's background mode: it keeps answers, streams them again from any place, and stops them. */
export class KeepingService extends ResponsesService {
  /** After how many records of a response the connection breaks, for each response in order; then none breaks. */
  cuts: number[] = [];
  /** Bytes of the next record that arrive before the connection breaks. */
  bytesOfCutRecord = 0;
  /** Whether a connection that breaks is closed behind what was sent, and not reset. */
  closesConnections = false;
  /** Whether the service refuses to stream answers again. */
  isForgetful = false;
  habit: CursorHabit = "kept";
  /** Number of a record that loses its end in the first response. */
  brokenRecord: number | undefined;
  /** Behind which records the service was asked to go on, request by request; null if an answer was wanted as a whole. */
  readonly cursors: (number | null)[] = [];
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
      const cursor = searchParams.get("starting_after");
      this.cursors.push(cursor === null ? null : Number(cursor));
      await this.streamAgain(reply, events, cursor === null ? undefined : Number(cursor));
    } else return false;
    return true;
  }

  private async streamAgain(
    reply: Reply,
    events: readonly WireEvent[],
    after: number | undefined,
  ): Promise<void> {
    const { habit } = this;
    if (habit === "always-whole" || (habit === "whole" && after !== undefined)) {
      reply.sendJson(200, events.at(-1)!["response"]);
    } else if (after === undefined || habit === "ignored") await this.stream(reply, events);
    else if (habit === "refused" || habit === "broken") {
      reply.sendJson(habit === "refused" ? 400 : 500, {
        error: { message: "Unknown parameter: 'starting_after'.", type: "invalid_request_error" },
      });
    } else {
      const first = after + (habit === "late" ? 2 : habit === "repeated" ? 0 : 1);
      await this.stream(reply, events.slice(first));
    }
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
    const broken = this.brokenRecord;
    if (broken !== undefined) {
      this.brokenRecord = undefined;
      const frame = formatEvents(events.slice(broken, broken + 1)).subarray(0, -5);
      reply.response.write(
        Buffer.concat([formatEvents(events.slice(0, broken)), frame, Buffer.from("\n\n")]),
      );
      reply.response.end(formatEvents(events.slice(broken + 1)));
      return;
    }
    reply.response.write(formatEvents(events.slice(0, cut)));
    if (cut >= events.length) {
      reply.response.end();
      return;
    }
    reply.response.write(formatEvents(events.slice(cut, cut + 1)).subarray(0, this.bytesOfCutRecord));
    // What was sent must reach the client before the connection breaks.
    await new Promise((resolve) => setTimeout(resolve, 15));
    if (this.closesConnections) reply.response.socket?.destroySoon();
    else reply.drop();
  }
}
