import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Clock } from "../../core/clock.js";
import type { AnswerName, Form, FormRequest } from "../../serving/form.js";
import { OLLAMA_GENERATE } from "../../serving/ollama/form.js";
import { readAddressFields } from "../../serving/request-fields.js";
import type { Route } from "../../serving/routes.js";
import type { HttpRequest } from "../red/api.js";
import type { Answer } from "./answer.js";
import { type Answers, MAX_OPEN_ANSWERS } from "./answers.js";
import { FORMS, type ServedFlow, type ServedFlows } from "./flows.js";
import type { Client } from "./http/access.js";
import { sendHttpAnswer } from "./http/http-answer.js";
import { readQuery } from "./http/query.js";
import { createRefusedRequest } from "./http/refusals.js";
import { readClientBody } from "./http/request-body.js";
import { ItemStore } from "./kept/item-store.js";
import { isReturningForm, type Returning } from "./kept/returning.js";
import { StreamReader } from "./readers/stream-reader.js";
import { WholeReader } from "./readers/whole-reader.js";

export interface AskingOptions {
  answers: Answers;
  clock: Clock;
  flows: ServedFlows;
  returning: Returning;
  /** Whether an answer goes on when nobody reads it. */
  goesOn: boolean;
}

/** Takes the requests of an endpoint's clients into its flows. */
export class Asking {
  private readonly items: ItemStore;

  constructor(private readonly options: AskingOptions) {
    this.items = new ItemStore(options.clock);
  }

  /** @throws RefusedRequest or Failure if the request cannot be asked */
  async ask(
    request: HttpRequest,
    response: ServerResponse,
    route: Route & { action: "ask" },
    client: Client,
  ): Promise<void> {
    const { clock, flows } = this.options;
    const form = route.isGenerate ? OLLAMA_GENERATE : FORMS[route.form];
    const body =
      request.method === "GET" ? readAddressFields(readQuery(request)) : await readClientBody(request);
    const findItem = (id: string) => this.items.find(id, client.owner);
    const formRequest = form.readRequest(body, { model: route.model, findItem });
    const { flow, name: model } = flows.find(formRequest.request.model);
    if (response.destroyed) return;
    const name: AnswerName = { id: randomUUID(), created: Math.floor(clock.date() / 1000), model };
    if (formRequest.buildInstantAnswer) {
      sendHttpAnswer(response, formRequest.buildInstantAnswer(name));
      return;
    }
    const answer = this.begin(name, form, formRequest, client, flow);
    this.addReader(answer, form, formRequest, response);
    flow.ask({ answer, formRequest, form, model, client, body, headers: request.headers });
  }

  close(): void {
    this.items.clear();
  }

  private begin(
    name: AnswerName,
    form: Form,
    { createWriter, request }: FormRequest,
    client: Client,
    flow: ServedFlow,
  ): Answer {
    const { answers, goesOn, returning } = this.options;
    const { conversation, isStreamed } = request;
    const answer: Answer | undefined = answers.begin({
      name,
      owner: client.owner,
      flow: flow.id,
      timeoutMs: flow.timeoutMs,
      goesOn: goesOn && isReturningForm(form.name),
      onEnd: (ended) => {
        if (form.name === "responses") this.items.remember(ended, isStreamed);
        returning.settle(name.id);
        flow.handleEnd(ended);
      },
    });
    if (!answer) {
      const text = `${MAX_OPEN_ANSWERS} answers are on their way. Try again later.`;
      throw createRefusedRequest(503, text, { type: "server_error", code: "overloaded", retryAfterS: 5 });
    }
    returning.add({ answer, form, conversation, createWriter: (start) => createWriter(name, start) });
    return answer;
  }

  private addReader(
    answer: Answer,
    form: Form,
    { buildBody, createWriter, request }: FormRequest,
    response: ServerResponse,
  ): void {
    const { clock } = this.options;
    answer.addReader(
      request.isStreamed || !buildBody
        ? new StreamReader({
            answer,
            form,
            createWriter: (start) => createWriter(answer.name, start),
            response,
            clock,
          })
        : new WholeReader(answer, form, buildBody, response),
    );
  }
}
