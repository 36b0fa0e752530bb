import { randomUUID } from "node:crypto";
import type { Clock } from "../../../core/clock.js";
import { Failure, toFailure } from "../../../core/failure.js";
import { isObject, parseJson } from "../../../core/json/parse.js";
import { CHAT_COMPLETIONS } from "../../../serving/chat-completions.js";
import { FleetWorker, type WorkerCall } from "../../../transport/broker/fleet-worker.js";
import type { BrokerLink } from "../../../transport/broker/link.js";
import type { Answers } from "../answers.js";
import type { ServedFlows } from "../flows.js";
import { RefusedRequest } from "../http/refusals.js";
import { FleetReader } from "./fleet-reader.js";

/** How the flows of an endpoint answer at a broker. */
export interface FleetServiceOptions {
  link: BrokerLink;
  topic: string;
  /** Answers at once. */
  maxCalls: number;
  clock: Clock;
  answers: Answers;
  flows: ServedFlows;
}

/** Answers the fronts of a fleet with the flows of an endpoint. */
export class FleetService {
  private readonly worker: FleetWorker;

  constructor(private readonly options: FleetServiceOptions) {
    const { clock, flows, link, maxCalls, topic } = options;
    this.worker = new FleetWorker({
      link,
      topic,
      maxCalls,
      clock,
      createId: randomUUID,
      listModels: () => flows.listModels().map(({ name }) => name),
      serve: (call) => this.serve(call),
    });
  }

  /** Takes no more requests. */
  stop(): void {
    this.worker.close();
  }

  /** Leaves the broker. What has been written before still arrives. */
  close(): void {
    this.stop();
    this.options.link.close();
  }

  private serve(call: WorkerCall): void {
    try {
      this.ask(call);
    } catch (thrown) {
      const failure =
        thrown instanceof RefusedRequest
          ? new Failure("not_found", thrown.failure.message)
          : toFailure(thrown, "invalid_request");
      call.writer.end(failure.toJSON());
    }
  }

  private ask({ body: text, front, model: wanted, writer }: WorkerCall): void {
    const { answers, clock, flows } = this.options;
    const body = parseJson(text);
    if (!isObject(body)) throw new Failure("invalid_request", "The request is not a JSON object.");
    const formRequest = CHAT_COMPLETIONS.readRequest(body, { model: "", findItem: () => undefined });
    const { flow, name: model } = flows.find(wanted);
    const owner = `front ${front}`;
    const answer = answers.begin({
      name: { id: randomUUID(), created: Math.floor(clock.date() / 1000), model },
      owner,
      flow: flow.id,
      timeoutMs: flow.timeoutMs,
      onEnd: (ended) => flow.handleEnd(ended),
    });
    if (!answer) throw new Failure("overloaded", "The worker has too many answers on their way.");
    answer.addReader(new FleetReader(answer, formRequest.createWriter, writer));
    flow.ask({
      answer,
      formRequest,
      form: CHAT_COMPLETIONS,
      model,
      client: { name: "", owner },
      body,
      headers: {},
    });
  }
}
