import assert from "node:assert/strict";
import type { JobReport } from "../../../src/index.js";
import { createAskFlow, createProviderNode } from "../../support/flows/nodes.js";
import { createRetryFlow } from "../../support/flows/retry.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import type { Credentials, DeployType, FlowNode } from "../../support/runtime/node-red-api.js";
import { TestRuntime } from "../../support/runtime/node-red-runtime.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { SaasService, TEAM, VIRTUAL_KEY } from "../../support/services/saas-service.js";
import { useService } from "../../support/services/use-service.js";
import { assertPrompt } from "../../support/speed.js";
import { pause, waitUntil } from "../../support/waiting.js";

const CREDENTIALS: Credentials = { provider: { apiKey: VIRTUAL_KEY } };
const SAAS = { provider: "saas-llm", settings: { team: TEAM } };

describe("Job of a chat-stream", () => {
  const service = useService();
  const runtime = useRuntime();
  let saas: SaasService;
  beforeEach(() => {
    saas = new SaasService(service());
  });

  const deploy = (flow: FlowNode[], type: DeployType = "full") => runtime().deploy(flow, type, CREDENTIALS);
  const getJobs = () => [...saas.jobs.values()];

  /** Asks and waits until the service reaches a step. It waits there until `resume` is called. */
  async function askUpTo(step: string): Promise<{ resume(): void }> {
    let resume = () => {};
    let isReached = false;
    saas.onStep = (reached) => {
      if (reached !== step || isReached) return undefined;
      isReached = true;
      return new Promise((resolve) => {
        resume = resolve;
      });
    };
    runtime().inject("ask", { payload: "Hi" });
    await waitUntil(() => isReached, `${step} is reached`);
    return { resume: () => resume() };
  }

  for (const [type, name] of [
    ["full", "everything"],
    ["flows", "the flow"],
    ["nodes", "the node"],
  ] as const) {
    it(`J04: is completed as failed once if ${name} is deployed at any step`, async () => {
      const steps = ["create", "stream 0", "stream 1", "stream 2"];
      for (const [at, step] of steps.entries()) {
        await deploy(createAskFlow(saas.url, {}, SAAS));
        runtime().clearMessages();
        const { resume } = await askUpTo(step);
        const changedFlow = createAskFlow(saas.url, { name: `changed ${at}` }, SAAS);
        const deployed = deploy(changedFlow, type);
        // The service answers after the node has closed.
        const getInputs = () => runtime().inputs.get("ask");
        void waitUntil(() => getInputs()?.done === getInputs()?.got, "all inputs are done").then(resume);
        await deployed;
        await waitUntil(() => saas.completionCount === at + 1, `the job has ended, at ${step}`);
        assert.equal(saas.jobs.size, at + 1);
        assert.equal(getJobs()[at]!.completions[0]!.status, "failed");
        await pause(5);
        assert.ok(
          !runtime()
            .getMessages("out")
            .some(({ complete }) => complete),
          "no last message comes after a deploy",
        );
        await deploy([]);
      }
      assert.ok(getJobs().every(({ completions }) => completions.length === 1));
    });
  }

  it("J04: delays a deploy by at most two seconds if the service does not answer", async () => {
    for (const step of ["create", "complete"]) {
      saas = new SaasService(service());
      await deploy(createAskFlow(saas.url, {}, SAAS));
      saas.faults.set(step, "stall");
      (await askUpTo(step)).resume();
      await assertPrompt(2_000, () => deploy([]));
      await waitUntil(() => service().connections === 0, "the connections are closed");
      assert.ok(getJobs().every(({ completions }) => completions.length === 1));
    }
  });

  it("J04: is completed as failed before Node-RED has stopped", async () => {
    const other = await TestRuntime.start();
    await other.deploy(createAskFlow(saas.url, {}, SAAS), "full", CREDENTIALS);
    let isStreaming = false;
    saas.onStep = (step) => {
      if (step === "stream 1") isStreaming = true;
    };
    saas.faults.set("stream 1", "stall");
    other.inject("ask", { payload: "Hi" });
    await waitUntil(() => isStreaming, "the answer streams");
    await other.stop();
    assert.deepEqual(
      getJobs().map(({ completions }) => completions.map(({ status }) => status)),
      [["failed"]],
    );
  });

  it("J04: is completed once if a deploy comes after its end", async () => {
    await deploy(createAskFlow(saas.url, {}, SAAS));
    runtime().inject("ask", { payload: "Hi" });
    await runtime().waitForEnds("out");
    await deploy([]);
    assert.equal(saas.completionCount, 1);
  });

  it("J06: is completed as failed before a retry creates another job", async () => {
    const flow = createRetryFlow(saas.url, { service: SAAS, retry: { attempts: 3, afterText: "restart" } });
    await deploy(flow);
    const order: string[] = [];
    saas.onStep = (step) => {
      if (step === "create" || step === "complete") order.push(step);
      if (order.length === 1) saas.faults.set("stream 1", "reset");
      else saas.faults.delete("stream 1");
    };
    runtime().inject("ask", { payload: "Hi" });
    const [last] = await runtime().waitForEnds("out");
    assert.deepEqual(order, ["create", "complete", "create", "complete"]);
    assert.deepEqual(
      getJobs().map(({ completions }) => completions.map(({ status }) => status)),
      [["failed"], ["completed"]],
    );
    assert.equal((last!["job"] as JobReport).id, "job 2");
    await waitUntil(() => runtime().getMessages("finished").length === 1, "collect has the answer");
    assert.equal((runtime().getMessages("finished")[0]!["job"] as JobReport).creditsRemaining, 9);
  });

  it("J06: stays open and is used again for a retry if the author created it", async () => {
    await deploy(createRetryFlow(saas.url, { service: SAAS, retry: { afterText: "restart" } }));
    runtime().inject("ask", { createJob: true });
    const [created] = await runtime().waitForEnds("out");
    saas.faults.set("stream 1", "reset");
    saas.onStep = () => {
      if (getJobs()[0]!.calls.length > 1) saas.faults.clear();
    };
    runtime().clearMessages();
    runtime().inject("ask", { payload: "Hi", jobId: created!["jobId"] });
    const [last] = await runtime().waitForEnds("out");
    assert.equal((last!["job"] as JobReport).status, "open");
    assert.equal(getJobs()[0]!.calls.length, 2);
    assert.equal(saas.completionCount, 0);
    assert.equal(saas.jobs.size, 1);
    assert.match(joinPayloads(runtime().getMessages("out")), /^Hello/);
  });

  it("J07: causes a warning in the log and a yellow status if it was not charged", async () => {
    saas.credits = 0;
    await deploy([...createAskFlow(saas.url, {}, SAAS)]);
    runtime().inject("ask", { payload: "Hi" });
    const [last] = await runtime().waitForEnds("out");
    const { warning, creditApplied } = last!["job"] as JobReport;
    assert.equal(creditApplied, false);
    assert.ok(runtime().logs.some(({ msg, id }) => id === "ask" && msg === warning));
    const getStatuses = () => runtime().statuses.messages.filter(({ id }) => id === "ask");
    await waitUntil(() => getStatuses().at(-1)?.status?.fill === "yellow", "the status is yellow");
    assert.equal(runtime().getMessages("errors").length, 0);
  });

  it("never shows the virtual key in messages, logs or statuses, whatever fails", async () => {
    for (const step of ["create", "stream 0", "stream 1", "complete"]) {
      saas = new SaasService(service());
      saas.faults.set(step, "500");
      await deploy(createAskFlow(saas.url, {}, SAAS));
      runtime().clearMessages();
      runtime().inject("ask", { payload: "Hi" });
      await runtime().waitForEnds("out");
      const recorded = JSON.stringify([
        runtime().arrivals.messages,
        runtime().logs,
        runtime().statuses.messages,
      ]);
      assert.ok(!recorded.includes(VIRTUAL_KEY), step);
      assert.ok(recorded.includes("***"), step);
    }
  });

  it("is ignored by a service without jobs, and fails with configuration if it is to be completed", async () => {
    service().script = (reply) => reply.say("plain");
    await runtime().deploy([createProviderNode(service().url), ...createAskFlow(service().url).slice(2)]);
    runtime().inject("ask", { payload: "Hi", jobId: "job 1", jobType: "chat" });
    const [last] = await runtime().waitForEnds("out");
    assert.equal(last!["job"], undefined);
    runtime().clearMessages();
    runtime().inject("ask", { completeJob: true, jobId: "job 1" });
    const [refused] = await runtime().waitForEnds("out");
    assert.equal((refused!.error as { code: string }).code, "configuration");
  });
});
