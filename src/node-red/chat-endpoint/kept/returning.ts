import type { ServerResponse } from "node:http";
import type { Clock } from "../../../core/clock.js";
import { readEventId } from "../../../serving/events.js";
import type { FormName, HttpAnswer } from "../../../serving/form.js";
import type { ReturningForm } from "../../../serving/routes.js";
import type { HttpRequest } from "../../red/api.js";
import type { Answers } from "../answers.js";
import type { Client } from "../http/access.js";
import { createJsonAnswer, sendHttpAnswer } from "../http/http-answer.js";
import { createRefusedRequest } from "../http/refusals.js";
import { AnswerStore, type KeptAnswer } from "./answer-store.js";
import { buildSnapshot, type Return, replayEvents, replayResponse, replayUi } from "./replay.js";

/** An answer as a client names it. */
interface NamedAnswer {
  form: ReturningForm;
  id: string;
}

/** A client that comes back. */
interface Comeback {
  request: HttpRequest;
  response: ServerResponse;
  client: Client;
}

const REPLAYS: Readonly<Record<ReturningForm, (comeback: Return) => boolean>> = {
  ui: replayUi,
  events: replayEvents,
  responses: replayResponse,
};

/** Says that there is nothing to read. Browsers and the AI SDK then ask no more. */
const NOTHING: HttpAnswer = { status: 204, headers: {}, body: "" };

/** Whether an answer in this form can be read again. */
export function isReturningForm(form: FormName): form is ReturningForm {
  return Object.hasOwn(REPLAYS, form);
}

/** Lets clients come back to their answers: read them again, watch them, stop them. */
export class Returning {
  private readonly kept: AnswerStore;

  constructor(
    private readonly clock: Clock,
    keepMs: number,
    private readonly answers: Answers,
  ) {
    this.kept = new AnswerStore(clock, keepMs);
  }

  add(kept: KeptAnswer): void {
    this.kept.add(kept);
  }

  settle(id: string): void {
    this.kept.settle(id);
  }

  close(): void {
    this.kept.close();
  }

  /** Goes on with the answer whose events a browser has begun to read. @returns false if it has begun none */
  goOn({ request, response, client }: Comeback): boolean {
    const place = readEventId(request.headers["last-event-id"]);
    if (!place) return false;
    const kept = this.kept.find(place.answerId, client.owner);
    if (!kept || !replayEvents({ kept, request, response, clock: this.clock }))
      sendHttpAnswer(response, NOTHING);
    return true;
  }

  /** @throws RefusedRequest if the answer is unknown here, or another client's */
  read(named: NamedAnswer, { request, response, client }: Comeback): void {
    const kept = this.find(named, client);
    if (request.method === "HEAD" && kept)
      sendHttpAnswer(response, { status: 200, headers: { ...kept.form.streamHeaders }, body: "" });
    else if (kept && REPLAYS[named.form]({ kept, request, response, clock: this.clock })) return;
    else if (named.form === "ui") sendHttpAnswer(response, NOTHING);
    else throw refuseUnknown();
  }

  /** @throws RefusedRequest if the answer is unknown here, or another client's */
  stop(named: NamedAnswer, client: Client): HttpAnswer {
    const kept = this.find(named, client);
    if (!kept) throw refuseUnknown();
    this.answers.cancel(kept.answer);
    return named.form === "responses" ? createJsonAnswer(buildSnapshot(kept)) : NOTHING;
  }

  private find({ form, id }: NamedAnswer, { owner }: Client): KeptAnswer | undefined {
    if (form === "ui") return this.kept.findByConversation(id, owner);
    return this.kept.find(form === "responses" ? id.replace(/^resp_/, "") : id, owner);
  }
}

function refuseUnknown() {
  return createRefusedRequest(404, "There is no such answer here. It is kept for a while only.", {
    code: "not_found",
  });
}
