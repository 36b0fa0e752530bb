import assert from "node:assert/strict";
import { beginSound, createSpeechFlow, createTextStream, joinSound } from "../../support/flows/speech.js";
import type { DeployType } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Reply } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { assertPrompt } from "../../support/speed.js";
import { pause, waitUntil } from "../../support/waiting.js";

/** Timeouts in seconds, short enough to wait for. */
const SHORT_TIMEOUTS = { connectTimeout: 5, headersTimeout: 0.2, firstChunkTimeout: 0.2, idleTimeout: 0.2 };

/** When the service breaks off. */
const STEPS = ["before headers", "before sound", "within sound"] as const;
/** How the service breaks off. */
const FAULTS = ["reset", "stall", "500"] as const;

describe("Speech that breaks off at a step", () => {
  const service = useService();
  const runtime = useRuntime();

  /** Has the service speak, but break off at this step of each text that begins with "Break". */
  function breakAt(step: (typeof STEPS)[number], fault: (typeof FAULTS)[number]): void {
    const breakOff = (reply: Reply) => {
      if (fault === "reset") reply.drop();
      else if (fault === "500" && !reply.response.headersSent) reply.sendJson(500, { error: "out of order" });
      else if (fault === "500") reply.response.destroy();
    };
    service().script = async (reply, { body }) => {
      const breaks = String(body["input"]).startsWith("Break");
      if (breaks && step === "before headers") return breakOff(reply);
      beginSound(reply);
      await pause(2);
      if (breaks && step === "before sound") return breakOff(reply);
      reply.response.write(`<${body["input"]}`);
      await pause(2);
      if (breaks) return breakOff(reply);
      reply.response.end(">");
    };
  }

  for (const fault of FAULTS) {
    it(`C3: sends one last message and a prefix of the sound after ${fault} at any step of any text`, async () => {
      for (const step of STEPS) {
        for (let nth = 0; nth < 3; nth++) {
          breakAt(step, fault);
          await runtime().deploy(createSpeechFlow(service().url, {}, SHORT_TIMEOUTS));
          runtime().clearRecords();
          const texts = ["One.", "Two.", "Three."].map((text, at) => (at === nth ? `Break ${text}` : text));
          for (const message of createTextStream("a", ...texts)) runtime().inject("speech", message);
          const [last] = await runtime().waitForEnds("out");
          const { code, partial } = last!.error as { code: string; partial: string };
          const interrupted = step === "before headers" ? "connection" : "interrupted";
          const refused = step === "before headers" ? "server_error" : interrupted;
          assert.equal(code, { stall: "timeout", reset: interrupted, "500": refused }[fault], step);
          assert.equal(partial, texts.slice(0, nth).join(""));
          const whole = texts.map((text) => `<${text}>`).join("");
          const sound = joinSound(runtime().getMessages("out"));
          assert.ok(whole.startsWith(sound), sound);
          await waitUntil(() => runtime().getMessages("errors").length === 1, "the Catch node has the error");
          await waitUntil(() => runtime().inputs.get("speech")?.done === 4, "all inputs are done");
          await waitUntil(() => service().openStreams === 0, "no connection is left");
        }
      }
    });
  }

  for (const type of ["full", "flows", "nodes"] satisfies DeployType[]) {
    it(`C3: ends speech at a deploy (${type}) at any step within a second, without a message or request`, async () => {
      for (const step of STEPS) {
        breakAt(step, "stall");
        await runtime().deploy(createSpeechFlow(service().url));
        runtime().clearRecords();
        service().requests.length = 0;
        for (const message of createTextStream("a", "Break.", "Two.")) runtime().inject("speech", message);
        const { gone } = await service().waitForRequests(1);
        if (step === "within sound") await runtime().waitUntil("out", (messages) => messages.length === 1);
        else await pause(10);
        const before = runtime().arrivals.size;
        const renamed = createSpeechFlow(service().url, { name: "renamed" });
        await assertPrompt(1_000, () => runtime().deploy(renamed, type));
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
