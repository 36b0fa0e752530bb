import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { Failure, toFailure } from "../../core/failure.js";
import { CHAT_COMPLETIONS } from "../../serving/chat-completions.js";
import { type ClientFailure, createRefusal, describeFailure } from "../../serving/client-failure.js";
import type { Form, FormRequest } from "../../serving/form.js";
import { buildModelEntry, buildModelList, type ServedModel } from "../../serving/model-list.js";
import { findRoute, type Route } from "../../serving/routes.js";
import { systemClock } from "../../transport/system-clock.js";
import type { HttpRequest } from "../red/api.js";
import type { Answer } from "./answer.js";
import { type Answers, MAX_OPEN_ANSWERS } from "./answers.js";
import type { AccessList, Client } from "./http/access.js";
import { createJsonAnswer, sendHttpAnswer } from "./http/http-answer.js";
import type { Origins } from "./http/origins.js";
import { RefusedRequest, readClientBody } from "./http/request-body.js";
import { StreamReader } from "./stream-reader.js";
import { WholeReader } from "./whole-reader.js";

/** A request on its way into a flow. */
export interface Ask {
  answer: Answer;
  formRequest: FormRequest;
  form: Form;
  /** The name under which the flow answers. */
  model: string;
  client: Client;
  body: Record<string, unknown>;
  request: HttpRequest;
}

/** A flow that answers under one or more names. */
export interface ServedFlow {
  /** Id of its chat-in. */
  id: string;
  models: readonly string[];
  /** Milliseconds without a message after which its answers fail. */
  timeoutMs: number;
  ask(ask: Ask): void;
  /** One of its answers has ended. */
  handleEnd(): void;
}

const FORMS: Readonly<Record<Form["name"], Form>> = { chat: CHAT_COMPLETIONS };

/** The runtime half of a chat-endpoint: answers the clients of one path. */
export class EndpointRuntime {
  private readonly flows = new Map<string, { flow: ServedFlow; created: number }>();

  constructor(
    private readonly access: AccessList,
    private readonly origins: Origins,
    private readonly answers: Answers,
    /** Reports what must not happen. */
    private readonly onError: (failure: Failure) => void,
  ) {}

  /**
   * Offers a flow.
   * @returns the names that another flow has already taken; under them that one goes on to answer
   */
  offer(flow: ServedFlow): string[] {
    const created = Math.floor(systemClock.date() / 1000);
    return flow.models.filter((name) => {
      if (this.flows.has(name)) return true;
      this.flows.set(name, { flow, created });
      return false;
    });
  }

  /** Takes a flow back, and ends its answers. */
  withdraw(flow: ServedFlow): void {
    for (const [name, offered] of this.flows) if (offered.flow === flow) this.flows.delete(name);
    this.answers.interruptAll((_answer, id) => id === flow.id);
  }

  /** Ends all answers. */
  close(): void {
    for (const { flow } of [...this.flows.values()]) this.withdraw(flow);
  }

  /** Handles a request. @param path below the path of the endpoint */
  handle(request: HttpRequest, response: ServerResponse, path: string): void {
    const route = findRoute(request.method ?? "", path);
    const form = FORMS[route.action === "ask" ? route.form : "chat"];
    response.setHeader("x-request-id", randomUUID());
    this.respond(request, response, route).catch((thrown: unknown) => {
      if (!(thrown instanceof RefusedRequest || thrown instanceof Failure)) this.onError(toFailure(thrown));
      sendHttpAnswer(response, form.buildError(toClientFailure(thrown)));
    });
  }

  private async respond(request: HttpRequest, response: ServerResponse, route: Route): Promise<void> {
    const isAdmitted = this.origins.admit(request, response);
    if (request.method === "OPTIONS") {
      this.origins.answerPreflight(request, response);
      sendHttpAnswer(response, { status: 204, headers: {}, body: "" });
      return;
    }
    if (!isAdmitted)
      throw refuse(403, "Web pages of this origin may not ask. Add the origin to the chat-endpoint.");
    const decision = this.access.decide(request);
    if ("refusal" in decision) {
      response.setHeader("WWW-Authenticate", "Bearer");
      throw refuse(401, decision.refusal, { code: "invalid_api_key" });
    }
    if (route.action === "ask") await this.ask(request, response, FORMS[route.form], decision.client);
    else sendHttpAnswer(response, createJsonAnswer(this.answerRoute(route, response)));
  }

  private answerRoute(route: Exclude<Route, { action: "ask" }>, response: ServerResponse): object {
    if (route.action === "models") return buildModelList(this.listModels());
    if (route.action === "model") {
      const model = this.listModels().find(({ name }) => name === route.name);
      if (model) return buildModelEntry(model);
      throw refuseModel(route.name);
    }
    if (route.action === "unknown") throw refuse(404, "There is nothing at this address.");
    response.setHeader("Allow", route.allowed);
    throw refuse(405, `This address takes only ${route.allowed}.`);
  }

  private listModels(): ServedModel[] {
    return [...this.flows].map(([name, { created }]) => ({ name, created }));
  }

  private async ask(
    request: HttpRequest,
    response: ServerResponse,
    form: Form,
    client: Client,
  ): Promise<void> {
    const body = await readClientBody(request);
    const formRequest = form.readRequest(body);
    const { model: wanted, isStreamed } = formRequest.request;
    const [first] = this.flows.keys();
    const model = wanted || first || "";
    const offered = this.flows.get(model);
    if (!offered) throw refuseModel(model);
    if (response.destroyed) return;
    const answer = this.answers.begin({
      name: { id: randomUUID(), created: Math.floor(systemClock.date() / 1000), model },
      owner: client.owner,
      flow: offered.flow.id,
      timeoutMs: offered.flow.timeoutMs,
      onEnd: () => offered.flow.handleEnd(),
    });
    if (!answer) {
      const text = `${MAX_OPEN_ANSWERS} answers are on their way. Try again later.`;
      throw refuse(503, text, { type: "server_error", code: "overloaded", retryAfterS: 5 });
    }
    const reader = isStreamed
      ? new StreamReader({ answer, form, formRequest, response, clock: systemClock })
      : new WholeReader(answer, form, formRequest, response);
    answer.addReader(reader);
    offered.flow.ask({ answer, formRequest, form, model, client, body, request });
  }
}

function toClientFailure(thrown: unknown): ClientFailure {
  if (thrown instanceof RefusedRequest) return thrown.failure;
  if (thrown instanceof Failure) return describeFailure(thrown.toJSON());
  return createRefusal(500, "The request could not be handled.", { type: "server_error" });
}

function refuse(...args: Parameters<typeof createRefusal>): RefusedRequest {
  return new RefusedRequest(createRefusal(...args));
}

function refuseModel(name: string): RefusedRequest {
  const text = name === "" ? "No flow answers here." : `There is no model “${name.slice(0, 80)}” here.`;
  return refuse(404, text, { code: "model_not_found", param: "model" });
}
