import { eventually } from "../runtime/inbox.js";
import type { Reply, Script, ScriptedService, ServiceRequest } from "./scripted-service.js";

/** What goes wrong at a step. `no_id` is an answer of the right form that lacks what it is for. */
export type SaasFault = "reset" | "stall" | "500" | "403" | "no_id";

/** A job in the service's books. */
export interface SaasJob {
  id: string;
  team: string;
  type: string;
  calls: ServiceRequest[];
  /** What it was completed with; more than one is a second charge. */
  completions: { status: string; error_message?: string }[];
}

export const TEAM = "team-1";

/** The team's virtual key. */
export const VIRTUAL_KEY = "sk-virtual-key-of-team-1";

const PATH = /^\/api\/jobs\/([^/]+)\/(llm-call-stream|complete)$/;

/**
 * The SaaS LLM API's server as its source has it, built and not recorded: jobs, credits, FastAPI's errors. It counts,
 * and goes wrong at the step that a test names: `create`, `stream 0`, `stream 1`, … (after so many pieces), `complete`.
 */
export class SaasService {
  readonly jobs = new Map<string, SaasJob>();
  /** Left for the team. */
  credits = 10;
  /** What the model says, in pieces. */
  pieces: readonly string[] = ["Hello", " world"];
  /** A stream of a form of its own, in place of the pieces. */
  answer: ((reply: Reply) => void | Promise<void>) | undefined;
  readonly faults = new Map<string, SaasFault>();
  /** Called when a step is reached, before anything happens there; it goes on when this is done. */
  onStep: (step: string) => void | Promise<void> = () => {};

  constructor(private readonly service: ScriptedService) {
    service.script = this.script;
  }

  /** What an author writes into *base URL*. */
  get url(): string {
    return `http://127.0.0.1:${this.service.port}/api`;
  }

  get completionCount(): number {
    return [...this.jobs.values()].reduce((sum, { completions: completes }) => sum + completes.length, 0);
  }

  /** Waits until every job that was created has been completed. */
  waitUntilCompleted(): Promise<void> {
    const open = () => [...this.jobs.values()].some(({ completions: completes }) => completes.length === 0);
    return eventually(() => !open(), "every job has ended");
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
    for (let said = 0; said <= pieces.length; said++) {
      const fault = await this.reachStep(`stream ${said}`);
      if (fault) {
        this.applyFault(reply, fault);
        return;
      }
      if (said < pieces.length) await reply.sendApart(pieces[said]!);
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
    const applied = status === "completed" && job.completions.length === 1 && this.credits > 0;
    if (applied) this.credits--;
    reply.sendJson(200, {
      job_id: job.id,
      status: status.toUpperCase(),
      costs: { total_calls: job.calls.length, credit_applied: applied, credits_remaining: this.credits },
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
      // Once the stream has begun, an error is a text in it, and no end marker follows.
      if (reply.response.headersSent) reply.response.end(`data: ${JSON.stringify({ error: detail })}\n\n`);
      else reply.sendJson(Number(fault), { detail });
    }
  }
}
