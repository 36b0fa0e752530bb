import { isObject } from "../../../src/core/json/parse.js";
import { type Account, judgeRequest } from "./responses-judge.js";
import { buildStream, formatEvents, type WireEvent } from "./responses-records.js";
import type { Reply, Script, ScriptedService, ServiceRequest } from "./scripted-service.js";

/** Plays one answer: the events of its items, or how the service replies instead. */
export type ResponsesAnswer =
  | readonly WireEvent[]
  | ((reply: Reply, request: ServiceRequest) => void | Promise<void>);

/** A refusal of OpenAI for a request that it takes only in Responses. */
export const ONLY_IN_RESPONSES =
  "Function tools with reasoning_effort are not supported for m-1 in /v1/chat/completions. Please use /v1/responses instead.";

/**
 * A mock of OpenAI's Responses API, built from its reference and from reported errors; nothing is recorded. It judges
 * requests as OpenAI does, and plays the answers in order, the last of them for all further requests.
 */
export class ResponsesService {
  /** The events of each answer's items. */
  answers: ResponsesAnswer[] = [];
  /** Models that do not reason. */
  readonly plainModels = new Set<unknown>();
  /** Encrypted reasoning that the service can read again. */
  readonly encrypted = new Set<unknown>();
  /** How many answers were made. */
  generations = 0;

  constructor(readonly service: ScriptedService) {
    service.script = this.script;
  }

  get url(): string {
    return this.service.url;
  }

  /** The bodies of the requests so far. */
  get bodies(): Record<string, unknown>[] {
    return this.service.requests.map(({ body }) => body);
  }

  readonly script: Script = async (reply, request) => {
    const path = request.path.replace(/\?.*/, "");
    if (path.endsWith("/chat/completions")) {
      reply.sendJson(400, {
        error: {
          message: ONLY_IN_RESPONSES,
          type: "invalid_request_error",
          param: "reasoning_effort",
          code: null,
        },
      });
      return;
    }
    if (await this.handleOther(reply, request)) return;
    if (request.method !== "POST" || !path.endsWith("/responses")) {
      reply.sendJson(404, {
        error: { message: `Invalid URL (${request.method} ${path})`, type: "invalid_request_error" },
      });
      return;
    }
    const account: Account = { encrypted: this.encrypted, plainModels: this.plainModels };
    const refusal = judgeRequest(request.body, account);
    if (refusal) {
      reply.sendJson(refusal.status, { error: refusal.error });
      return;
    }
    this.generations++;
    await this.play(this.takeAnswer(), reply, request);
  };

  /** Handles a request for something else than an answer. @returns whether it did */
  protected handleOther(_reply: Reply, _request: ServiceRequest): Promise<boolean> {
    return Promise.resolve(false);
  }

  /** Plays one answer, and remembers the encrypted reasoning in it. */
  protected async play(answer: ResponsesAnswer, reply: Reply, request: ServiceRequest): Promise<void> {
    if (typeof answer === "function") {
      await answer(reply, request);
      return;
    }
    const events = buildStream(answer);
    this.remember(events);
    reply.open();
    reply.response.end(formatEvents(events));
  }

  /** Remembers the encrypted reasoning of events. */
  remember(events: readonly WireEvent[]): void {
    for (const { item } of events) {
      if (isObject(item) && item["encrypted_content"]) this.encrypted.add(item["encrypted_content"]);
    }
  }

  private takeAnswer(): ResponsesAnswer {
    return (this.answers.length > 1 ? this.answers.shift() : this.answers[0]) ?? [];
  }
}
