import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Clock } from "../../core/clock.js";
import { Failure, toFailure } from "../../core/failure.js";
import { ToolServer } from "../../mcp/serving/tool-server.js";
import type { FormName, HttpAnswer } from "../../serving/form.js";
import { buildModelEntry, buildModelList } from "../../serving/model-list.js";
import { readModelField } from "../../serving/request-fields.js";
import { findRoute, type OllamaQuestion, type ReturningForm, type Route } from "../../serving/routes.js";
import type { BrokerLink } from "../../transport/broker/link.js";
import type { HttpRequest } from "../red/api.js";
import type { Answers } from "./answers.js";
import { Asking } from "./asking.js";
import { FleetService } from "./fleet/fleet-service.js";
import { FORMS, type ServedFlow, ServedFlows } from "./flows.js";
import type { AccessList, Client } from "./http/access.js";
import { createJsonAnswer, sendHttpAnswer } from "./http/http-answer.js";
import type { Origins } from "./http/origins.js";
import { createRefusedRequest, RefusedRequest, toClientFailure } from "./http/refusals.js";
import { readClientBody } from "./http/request-body.js";
import { readMarkdownScript } from "./http/scripts.js";
import { identifyVisitor } from "./http/visitor.js";
import { sendWebResponse, toWebRequest } from "./http/web-request.js";
import { Returning } from "./kept/returning.js";
import { answerOllama, answerOllamaModel } from "./ollama-questions.js";

export interface EndpointOptions {
  access: AccessList;
  origins: Origins;
  answers: Answers;
  clock: Clock;
  forms: ReadonlySet<FormName>;
  /** Milliseconds for which an answer is kept after its end. */
  keepMs: number;
  /** Whether an answer goes on when nobody reads it. */
  goesOn: boolean;
  /** Reports what must not happen. */
  onError(failure: Failure): void;
}

/** The runtime half of a chat-endpoint: answers the clients of one path. */
export class EndpointRuntime {
  private readonly flows: ServedFlows;
  private readonly returning: Returning;
  private readonly asking: Asking;
  private fleet: FleetService | undefined;
  /** The tools that MCP clients may call. */
  readonly tools: ToolServer;

  constructor(private readonly options: EndpointOptions) {
    const { answers, clock, goesOn, keepMs } = options;
    this.tools = new ToolServer(clock);
    this.flows = new ServedFlows(clock);
    this.returning = new Returning(clock, keepMs, answers);
    this.asking = new Asking({ answers, clock, goesOn, flows: this.flows, returning: this.returning });
  }

  /**
   * Offers a flow.
   * @returns the names that another flow has already taken; under them that one goes on to answer
   */
  offer(flow: ServedFlow): string[] {
    return this.flows.offer(flow);
  }

  /** Takes a flow back, and ends its answers. */
  withdraw(flow: ServedFlow): void {
    this.flows.withdraw(flow);
    this.options.answers.interruptAll((_answer, id) => id === flow.id);
  }

  /** Answers fronts at a broker, too. */
  joinFleet(link: BrokerLink, topic: string, maxCalls: number): void {
    const { answers, clock } = this.options;
    this.fleet = new FleetService({ link, topic, maxCalls, clock, answers, flows: this.flows });
  }

  /** Ends all answers, and forgets those that are kept. */
  close(): void {
    this.fleet?.stop();
    for (const flow of this.flows.list()) this.withdraw(flow);
    this.tools.close();
    this.asking.close();
    this.returning.close();
    // The fronts have been told the ends by now.
    this.fleet?.close();
  }

  /** Handles a request. @param path below the path of the endpoint */
  handle(request: HttpRequest, response: ServerResponse, path: string): void {
    const route = findRoute(request.method ?? "", path, this.options.forms);
    response.setHeader("x-request-id", randomUUID());
    this.respond(request, response, route).catch((thrown: unknown) => {
      if (!(thrown instanceof RefusedRequest || thrown instanceof Failure))
        this.options.onError(toFailure(thrown));
      sendHttpAnswer(response, FORMS[route.form].buildError(toClientFailure(thrown)));
    });
  }

  /** Handles a request of an MCP client. */
  handleMcp(request: HttpRequest, response: ServerResponse): void {
    this.respondMcp(request, response).catch((thrown: unknown) => {
      if (!(thrown instanceof RefusedRequest)) this.options.onError(toFailure(thrown));
      sendHttpAnswer(response, FORMS.chat.buildError(toClientFailure(thrown)));
    });
  }

  private async respondMcp(request: HttpRequest, response: ServerResponse): Promise<void> {
    if (this.admitPage(request, response)) return;
    const { owner, name } = this.admit(request, response);
    const body = request.method === "POST" ? await readClientBody(request) : undefined;
    const left = new AbortController();
    response.on("close", () => left.abort());
    const answer = await this.tools.handle({
      request: toWebRequest(request, body, left.signal),
      owner,
      client: name,
    });
    await sendWebResponse(answer, response);
  }

  /** @returns whether a preflight has been answered. @throws RefusedRequest for a page that may not ask */
  private admitPage(request: HttpRequest, response: ServerResponse): boolean {
    const { origins } = this.options;
    const isAdmitted = origins.admit(request, response);
    if (request.method === "OPTIONS") {
      origins.answerPreflight(request, response);
      sendHttpAnswer(response, { status: 204, headers: {}, body: "" });
      return true;
    }
    if (isAdmitted) return false;
    throw createRefusedRequest(
      403,
      "Web pages of this origin may not send requests. Add the origin to the chat-endpoint.",
    );
  }

  private async respond(request: HttpRequest, response: ServerResponse, route: Route): Promise<void> {
    if (route.action === "script") {
      // A page loads it without a key, and it is the same for everybody.
      this.options.origins.admit(request, response);
      sendHttpAnswer(response, readMarkdownScript());
      return;
    }
    if (this.admitPage(request, response)) return;
    const client = identifyVisitor(request, response, this.admit(request, response));
    if (route.action === "ask") await this.ask(request, response, route, client);
    else if (route.action === "read") this.returning.read(route, { request, response, client });
    else {
      const answer =
        route.action === "ollama"
          ? await this.answerOllama(request, route.question)
          : this.answerRoute(route, response, client);
      sendHttpAnswer(response, answer);
    }
  }

  private admit(request: HttpRequest, response: ServerResponse): Client {
    const decision = this.options.access.decide(request);
    if ("client" in decision) return decision.client;
    response.setHeader("WWW-Authenticate", "Bearer");
    throw createRefusedRequest(401, decision.refusal, { code: "invalid_api_key" });
  }

  private async ask(
    request: HttpRequest,
    response: ServerResponse,
    route: Route & { action: "ask" },
    client: Client,
  ): Promise<void> {
    const { form } = route;
    if (request.method === "HEAD")
      sendHttpAnswer(response, { status: 200, headers: { ...FORMS[form].streamHeaders }, body: "" });
    else if (form === "events" && this.returning.goOn({ request, response, client })) return;
    else await this.asking.ask(request, response, route, client);
  }

  private answerRoute(
    route: Exclude<Route, { action: "ask" | "read" | "ollama" | "script" }>,
    response: ServerResponse,
    client: Client,
  ): HttpAnswer {
    switch (route.action) {
      case "models":
        return createJsonAnswer(buildModelList(this.flows.listModels()));
      case "model":
        return createJsonAnswer(buildModelEntry(this.flows.getModel(route.name)));
      case "stop":
        return this.returning.stop(route as { form: ReturningForm; id: string }, client);
      case "wrongMethod":
        response.setHeader("Allow", route.allowed);
        throw createRefusedRequest(405, `This address takes only ${route.allowed}.`);
      default:
        throw createRefusedRequest(404, "Nothing is served at this address.");
    }
  }

  private async answerOllama(request: HttpRequest, question: OllamaQuestion): Promise<HttpAnswer> {
    if (question !== "show" && question !== "pull") return answerOllama(question, this.flows.listModels());
    const { model, name } = await readClientBody(request);
    return answerOllamaModel(question, this.flows.getModel(readModelField(model ?? name)));
  }
}
