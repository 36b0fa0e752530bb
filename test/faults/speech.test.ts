import assert from "node:assert/strict";
import type { Message } from "../../src/node-red/red/api.js";
import { node, provider, sink, TAB, witnesses } from "../support/runtime/flows.js";
import { eventually, pause } from "../support/runtime/inbox.js";
import type { DeployType, FlowNode } from "../support/runtime/node-red-runtime.js";
import { useRuntime } from "../support/runtime/use-runtime.js";
import type { Reply } from "../support/services/scripted-service.js";
import { useService } from "../support/services/use-service.js";

/** Seconds; short enough to wait for. */
const SHORT = { connectTimeout: 5, headersTimeout: 0.2, firstChunkTimeout: 0.2, idleTimeout: 0.2 };

/** What the service does with a text that is not spoken as it should be. */
const STEPS = ["before headers", "before sound", "within sound"] as const;
const FAULTS = ["reset", "stall", "500"] as const;

describe("Speech that breaks at the n-th step", () => {
  const service = useService();
  const runtime = useRuntime();

  const flow = (name: string, limits: object = {}): FlowNode[] => [
    TAB,
    provider(service().url, { ...limits }),
    node("speech-stream", "speech", ["out"], { provider: "provider", name }),
    sink("out"),
    ...witnesses("speech"),
  ];

  function texts(...said: string[]): Message[] {
    const of = (index: number) => ({ id: "a", index });
    const last = { payload: "", parts: { ...of(said.length), count: said.length + 1 }, complete: true };
    return [...said.map((payload, index) => ({ payload, parts: of(index) })), last];
  }

  async function begin(reply: Reply): Promise<void> {
    reply.response.writeHead(200, { "content-type": "audio/mpeg" });
    reply.response.flushHeaders();
    await pause(2);
  }

  /** Speaks, but breaks at a step of the text that says so. */
  function breakAt(step: (typeof STEPS)[number], fault: (typeof FAULTS)[number]): void {
    const strike = (reply: Reply) => {
      if (fault === "reset") reply.drop();
      else if (fault === "500" && !reply.response.headersSent) reply.sendJson(500, { error: "out of order" });
      else if (fault === "500") reply.response.destroy();
    };
    service().script = async (reply, { body }) => {
      const breaks = String(body["input"]).startsWith("Break");
      if (breaks && step === "before headers") return strike(reply);
      await begin(reply);
      if (breaks && step === "before sound") return strike(reply);
      reply.response.write(`<${body["input"]}`);
      await pause(2);
      if (breaks) return strike(reply);
      reply.response.end(">");
    };
  }

  const sound = () =>
    Buffer.concat(
      runtime()
        .at("out")
        .map(({ payload }) => payload as Buffer),
    ).toString();

  for (const fault of FAULTS) {
    it(`C3: ${fault} at every step of every text has one end, and tells a prefix`, async () => {
      for (const step of STEPS) {
        for (let nth = 0; nth < 3; nth++) {
          breakAt(step, fault);
          await runtime().deploy(flow("speech", SHORT));
          runtime().clear();
          const said = ["One.", "Two.", "Three."].map((text, at) => (at === nth ? `Break ${text}` : text));
          for (const message of texts(...said)) runtime().inject("speech", message);
          const [last] = await runtime().ends("out");
          const { code, partial } = last!.error as { code: string; partial: string };
          const interrupted = step === "before headers" ? "connection" : "interrupted";
          const refused = step === "before headers" ? "server_error" : interrupted;
          assert.equal(code, { stall: "timeout", reset: interrupted, "500": refused }[fault], step);
          assert.equal(partial, said.slice(0, nth).join(""));
          const heard = said.map((text) => `<${text}>`).join("");
          assert.ok(heard.startsWith(sound()), sound());
          await eventually(() => runtime().at("errors").length === 1, "the Catch node has it");
          await eventually(() => runtime().inputs.get("speech")?.done === 4, "all inputs are done");
          await eventually(() => service().openStreams === 0, "no connection is left");
        }
      }
    }).timeout(20_000);
  }

  for (const type of ["full", "flows", "nodes"] satisfies DeployType[]) {
    it(`C3: a deploy (${type}) at every step is silent, quick and leaves nothing`, async () => {
      for (const step of STEPS) {
        breakAt(step, "stall");
        await runtime().deploy(flow("speech"));
        runtime().clear();
        service().requests.length = 0;
        for (const message of texts("Break.", "Two.")) runtime().inject("speech", message);
        const { gone } = await service().waitForRequests(1);
        if (step === "within sound") await runtime().until("out", (heard) => heard.length === 1);
        else await pause(10);
        const before = runtime().arrivals.size;
        const begun = performance.now();
        await runtime().deploy(flow("anew"), type);
        assert.ok(performance.now() - begun < 1000);
        await gone;
        await pause();
        assert.equal(
          runtime()
            .arrivals.messages.slice(before)
            .filter(({ sink }) => sink === "out").length,
          0,
        );
        assert.equal(service().requests.length, 1);
      }
    });
  }
});
