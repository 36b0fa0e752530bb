import assert from "node:assert/strict";
import type { JobReport } from "../../src/index.js";
import { askFlow, provider } from "../support/runtime/flows.js";
import { eventually, pause, textOf } from "../support/runtime/inbox.js";
import {
  type Credentials,
  type DeployType,
  type FlowNode,
  TestRuntime,
} from "../support/runtime/node-red-runtime.js";
import { retryFlow } from "../support/runtime/retry-flow.js";
import { useRuntime } from "../support/runtime/use-runtime.js";
import { SaasService, TEAM, VIRTUAL_KEY } from "../support/services/saas-service.js";
import { useService } from "../support/services/use-service.js";
import { until } from "../support/waiting.js";

const CREDENTIALS: Credentials = { provider: { apiKey: VIRTUAL_KEY } };
const SAAS = { provider: "saas-llm", settings: { team: TEAM } };

describe("Jobs in flows", function () {
  this.timeout(20_000);
  const service = useService();
  const runtime = useRuntime();
  let saas: SaasService;
  beforeEach(() => {
    saas = new SaasService(service());
  });

  const deploy = (flow: FlowNode[], type: DeployType = "full") => runtime().deploy(flow, type, CREDENTIALS);
  const jobs = () => [...saas.jobs.values()];

  /** Asks, and resolves when a step is reached: the service waits there until `go` is called. */
  async function reach(step: string): Promise<{ go(): void }> {
    let go = () => {};
    let there = false;
    saas.onStep = (reached) => {
      if (reached !== step || there) return undefined;
      there = true;
      return new Promise((resolve) => {
        go = resolve;
      });
    };
    runtime().inject("ask", { payload: "Hi" });
    await until(() => there, `${step} is reached`);
    return { go: () => go() };
  }

  for (const [type, name] of [
    ["full", "everything"],
    ["flows", "the flow"],
    ["nodes", "the node"],
  ] as const) {
    it(`J04: deploying ${name} anew ends the job as failed, once, wherever it was`, async () => {
      const steps = ["create", "stream 0", "stream 1", "stream 2"];
      for (const [at, step] of steps.entries()) {
        await deploy(askFlow(saas.url, {}, SAAS));
        runtime().forget();
        const { go } = await reach(step);
        const anew = askFlow(saas.url, { name: `anew ${at}` }, SAAS);
        const deployed = deploy(anew, type);
        // The service answers when the node has closed: nobody has to hear of it but the job.
        const inputs = () => runtime().inputs.get("ask");
        void eventually(() => inputs()?.done === inputs()?.got).then(go);
        await deployed;
        await eventually(() => saas.completionCount === at + 1, `the job has ended, at ${step}`);
        assert.equal(saas.jobs.size, at + 1);
        assert.equal(jobs()[at]!.completions[0]!.status, "failed");
        await pause(5);
        assert.ok(
          !runtime()
            .at("out")
            .some(({ complete }) => complete),
          "nothing is said after a deploy",
        );
        await deploy([]);
      }
      assert.ok(jobs().every(({ completions: completes }) => completes.length === 1));
    });
  }

  it("J04: a service that does not answer holds up a deploy for two seconds at most", async () => {
    for (const step of ["create", "complete"]) {
      saas = new SaasService(service());
      await deploy(askFlow(saas.url, {}, SAAS));
      saas.faults.set(step, "stall");
      (await reach(step)).go();
      const begun = performance.now();
      await deploy([]);
      assert.ok(performance.now() - begun < 3_000);
      await eventually(() => service().connections === 0, "the connections are closed");
      assert.ok(jobs().every(({ completions: completes }) => completes.length === 1));
    }
  });

  it("J04: so does stopping Node-RED, as SIGTERM does, before the process may go", async () => {
    const other = await TestRuntime.start();
    await other.deploy(askFlow(saas.url, {}, SAAS), "full", CREDENTIALS);
    let there = false;
    saas.onStep = (step) => {
      if (step === "stream 1") there = true;
    };
    saas.faults.set("stream 1", "stall");
    other.inject("ask", { payload: "Hi" });
    await until(() => there, "it streams");
    await other.stop();
    assert.deepEqual(
      jobs().map(({ completions: completes }) => completes.map(({ status }) => status)),
      [["failed"]],
    );
  });

  it("J04: a deploy that leaves nothing to end waits for nothing", async () => {
    await deploy(askFlow(saas.url, {}, SAAS));
    runtime().inject("ask", { payload: "Hi" });
    await runtime().ends("out");
    await deploy([]);
    assert.equal(saas.completionCount, 1);
  });

  it("J06: a repeated request has a job of its own, and the failed one was ended before", async () => {
    const flow = retryFlow(saas.url, { service: SAAS, retry: { attempts: 3, afterText: "restart" } });
    await deploy(flow);
    const order: string[] = [];
    saas.onStep = (step) => {
      if (step === "create" || step === "complete") order.push(step);
      if (order.length === 1) saas.faults.set("stream 1", "reset");
      else saas.faults.delete("stream 1");
    };
    runtime().inject("ask", { payload: "Hi" });
    const [last] = await runtime().ends("out");
    assert.deepEqual(order, ["create", "complete", "create", "complete"]);
    assert.deepEqual(
      jobs().map(({ completions: completes }) => completes.map(({ status }) => status)),
      [["failed"], ["completed"]],
    );
    assert.equal((last!["job"] as JobReport).id, "job 2");
    await eventually(() => runtime().at("finished").length === 1, "collect");
    assert.equal((runtime().at("finished")[0]!["job"] as JobReport).creditsRemaining, 9);
  });

  it("J06: in a job of the author's it asks again in that job, and leaves it open", async () => {
    await deploy(retryFlow(saas.url, { service: SAAS, retry: { afterText: "restart" } }));
    runtime().inject("ask", { createJob: true });
    const [created] = await runtime().ends("out");
    saas.faults.set("stream 1", "reset");
    saas.onStep = () => {
      if (jobs()[0]!.calls.length > 1) saas.faults.clear();
    };
    runtime().forget();
    runtime().inject("ask", { payload: "Hi", jobId: created!["jobId"] });
    const [last] = await runtime().ends("out");
    assert.equal((last!["job"] as JobReport).status, "open");
    assert.equal(jobs()[0]!.calls.length, 2);
    assert.equal(saas.completionCount, 0);
    assert.equal(saas.jobs.size, 1);
    assert.match(textOf(runtime().at("out")), /^Hello/);
  });

  it("J07: a job that was not charged is a warning in the log and a yellow status", async () => {
    saas.credits = 0;
    await deploy([...askFlow(saas.url, {}, SAAS)]);
    runtime().inject("ask", { payload: "Hi" });
    const [last] = await runtime().ends("out");
    const { warning, creditApplied } = last!["job"] as JobReport;
    assert.equal(creditApplied, false);
    assert.ok(runtime().logs.some(({ msg, id }) => id === "ask" && msg === warning));
    const fills = () => runtime().statuses.messages.filter(({ id }) => id === "ask");
    await eventually(() => fills().at(-1)?.status?.fill === "yellow", "the status is yellow");
    assert.equal(runtime().at("errors").length, 0);
  });

  it("keeps the virtual key out: it is in nothing that the flow gets, whatever fails", async () => {
    for (const step of ["create", "stream 0", "stream 1", "complete"]) {
      saas = new SaasService(service());
      saas.faults.set(step, "500");
      await deploy(askFlow(saas.url, {}, SAAS));
      runtime().forget();
      runtime().inject("ask", { payload: "Hi" });
      await runtime().ends("out");
      const told = JSON.stringify([runtime().arrivals.messages, runtime().logs, runtime().statuses.messages]);
      assert.ok(!told.includes(VIRTUAL_KEY), step);
      assert.ok(told.includes("***"), step);
    }
  });

  it("keeps jobs out of the way of services that have none", async () => {
    service().script = (reply) => reply.say("plain");
    await runtime().deploy([provider(service().url), ...askFlow(service().url).slice(2)]);
    runtime().inject("ask", { payload: "Hi", jobId: "job 1", jobType: "chat" });
    const [last] = await runtime().ends("out");
    assert.equal(last!["job"], undefined);
    runtime().forget();
    runtime().inject("ask", { completeJob: true, jobId: "job 1" });
    const [refused] = await runtime().ends("out");
    assert.equal((refused!.error as { code: string }).code, "configuration");
  });
});
