import { waitUntil } from "../waiting.js";
import type { Reply, Script, ScriptedService, ServiceRequest } from "./scripted-service.js";

/** A fault at a step. `no_id` is a valid response that lacks the job's id. */
export type SaasFault = "reset" | "stall" | "500" | "403" | "no_id";

/** A job as the service records it. */
export interface SaasJob {
  id: string;
  team: string;
  type: string;
  calls: ServiceRequest[];
  /** Bodies of the requests that completed it; a second one would be a second charge. */
  completions: { status: string; error_message?: string }[];
}

export const TEAM = "team-1";

/** The team's virtual key. */
export const VIRTUAL_KEY = "sk-virtual-key-of-team-1";

const PATH = /^\/api\/jobs\/([^/]+)\/(llm-call-stream|complete)$/;

/**
 * A mock of the SaaS LLM API's server with jobs, credits and FastAPI's errors, built from its source; nothing is recorded.
 * A test can plan a fault for a step: `create`, `stream 0`, `stream 1`, … (by the number of pieces sent), `complete`.
 */
export class SaasService {
  readonly jobs = new Map<string, SaasJob>();
  /** The credits that the team has left. */
  credits = 10;
  /** The answer's text, one record each. */
  pieces: readonly string[] = ["Hello", " world"];
  /** Sends another stream in place of the pieces. */
  answer: ((reply: Reply) => void | Promise<void>) | undefined;
  /** Planned faults by step. */
  readonly faults = new Map<string, SaasFault>();
  /** Called before a step; the service waits for it. */
  onStep: (step: string) => void | Promise<void> = () => {};

  constructor(private readonly service: ScriptedService) {
    service.script = this.script;
  }

  /** The base URL that an author enters. */
  get url(): string {
    return `http://127.0.0.1:${this.service.port}/api`;
  }

  /** How many times any job was completed. */
  get completionCount(): number {
    return [...this.jobs.values()].reduce((sum, { completions }) => sum + completions.length, 0);
  }

  /** Waits until every job is completed. */
  waitUntilCompleted(): Promise<void> {
    const isCompleted = ({ completions }: SaasJob) => completions.length > 0;
    return waitUntil(() => [...this.jobs.values()].every(isCompleted), "every job has ended");
  }

  private readonly script: Script = async (reply, request) => {
    const { path, headers, body } = request;
    if (headers.authorization !== `Bearer ${VIRTUAL_KEY}`) {
      reply.sendJson(401, { detail: `Invalid API key ${headers.authorization?.slice(7)}` });
    } else if (path === "/api/jobs/create") await this.create(reply, body);
    else if (path === `/api/credits/teams/${TEAM}/balance`) {
      reply.sendJson(200, { credits_allocated: 100, credits_remaining: this.credits });
    } else {
      const [, id = "", step] = PATH.exec(path) ?? [];
      const job = this.jobs.get(decodeURIComponent(id));
      if (!job) reply.sendJson(404, { detail: "Job not found" });
      else if (step === "complete") await this.complete(reply, job, body);
      else await this.call(reply, job, request);
    }
  };

  private async create(reply: Reply, body: ServiceRequest["body"]): Promise<void> {
    const { team_id: team, job_type: type } = body;
    const fault = await this.reachStep("create");
    if (fault) this.applyFault(reply, fault);
    else if (team !== TEAM) reply.sendJson(403, { detail: `API key does not belong to team '${team}'` });
    else {
      const id = `job ${this.jobs.size + 1}`;
      this.jobs.set(id, { id, team: TEAM, type: String(type), calls: [], completions: [] });
      reply.sendJson(200, { job_id: id, status: "PENDING", created_at: "2026-01-01T00:00:00" });
    }
  }

  private async call(reply: Reply, job: SaasJob, request: ServiceRequest): Promise<void> {
    job.calls.push(request);
    const { pieces } = this;
    if (request.body["model"] === undefined) {
      reply.sendJson(422, {
        detail: [{ loc: ["body", "model"], msg: "field required", type: "value_error.missing" }],
      });
      return;
    }
    if (this.answer) {
      await this.answer(reply);
      return;
    }
    for (let sent = 0; sent <= pieces.length; sent++) {
      const fault = await this.reachStep(`stream ${sent}`);
      if (fault) {
        this.applyFault(reply, fault);
        return;
      }
      if (sent < pieces.length) await reply.sendApart(pieces[sent]!);
    }
    reply.finish();
  }

  private async complete(reply: Reply, job: SaasJob, body: ServiceRequest["body"]): Promise<void> {
    const { status } = body;
    if (status !== "completed" && status !== "failed") {
      reply.sendJson(422, { detail: [{ loc: ["body", "status"], msg: "invalid", type: "value_error" }] });
      return;
    }
    job.completions.push(body as unknown as SaasJob["completions"][number]);
    const fault = await this.reachStep("complete");
    if (fault) {
      this.applyFault(reply, fault);
      return;
    }
    const isCharged = status === "completed" && job.completions.length === 1 && this.credits > 0;
    if (isCharged) this.credits--;
    reply.sendJson(200, {
      job_id: job.id,
      status: status.toUpperCase(),
      costs: { total_calls: job.calls.length, credit_applied: isCharged, credits_remaining: this.credits },
      calls: [],
    });
  }

  private async reachStep(step: string): Promise<SaasFault | undefined> {
    await this.onStep(step);
    return this.faults.get(step);
  }

  private applyFault(reply: Reply, fault: SaasFault): void {
    if (fault === "reset") reply.drop();
    else if (fault === "no_id") reply.sendJson(200, { status: "PENDING" });
    else if (fault !== "stall") {
      const detail =
        fault === "403" ? "Team suspended or insufficient credits" : `LLM call failed: ${VIRTUAL_KEY}`;
      // Once the stream has begun, the error is a record of it, without an end marker.
      if (reply.response.headersSent) reply.response.end(`data: ${JSON.stringify({ error: detail })}\n\n`);
      else reply.sendJson(Number(fault), { detail });
    }
  }
}
