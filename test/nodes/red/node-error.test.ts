import assert from "node:assert/strict";
import { Failure } from "../../../src/core/failure.js";
import { toNodeError } from "../../../src/node-red/red/node-error.js";
import { createAskFlow } from "../../support/flows/nodes.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { waitUntil } from "../../support/waiting.js";

/** What the editor's debug sidebar gets of a log entry. */
interface SidebarEntry {
  topic: string;
  data: { msg: unknown; format: string };
}

const SENTENCE = /^Wrong API key \(401\): No such key\. — Check the API key in the provider\.$/;

describe("toNodeError", () => {
  const error = toNodeError(new Failure("authentication", "Wrong API key (401)", { status: 401 }));

  it("is the sentence as a text, since the debug sidebar shows texts in full", () => {
    assert.equal(`${error}`, "Wrong API key (401)");
    assert.equal(JSON.parse(JSON.stringify({ error })).error, "Wrong API key (401)");
    assert.ok(!(error instanceof Error));
  });

  it("has what a Catch node passes on as properties of its own", () => {
    for (const property of ["code", "cause", "stack"]) assert.ok(Object.hasOwn(error, property), property);
    assert.equal(error.code, "authentication");
    assert.equal(error.cause.status, 401);
  });
});

describe("The error of a failed stream", () => {
  const runtime = useRuntime();
  const service = useService();

  async function askWithWrongKey(flow: FlowNode[]): Promise<SidebarEntry["data"][]> {
    const shown: SidebarEntry["data"][] = [];
    const listener = ({ topic, data }: SidebarEntry) => {
      if (topic === "debug") shown.push(data);
    };
    const { events } = runtime().red as unknown as {
      events: Record<"on" | "off", (event: string, listener: unknown) => void>;
    };
    events.on("comms", listener);
    service().script = (reply) => reply.sendJson(401, { error: { message: "No such key." } });
    await runtime().deploy(flow);
    runtime().inject("ask", { payload: "Hi" });
    await runtime().waitForEnds("out");
    await waitUntil(() => runtime().inputs.get("ask")?.done === 1, "done");
    events.off("comms", listener);
    return shown;
  }

  it("is the whole sentence in the debug sidebar and in the log, with its meaning first", async () => {
    const flow = createAskFlow(service().url).filter(({ type }) => type !== "catch");
    const shown = await askWithWrongKey(flow);
    assert.equal(shown.length, 1);
    assert.equal(shown[0]!.format, "String");
    assert.match(String(shown[0]!.msg), SENTENCE);
    const logged = runtime().logs.find(({ level, id }) => level === 20 && id === "ask");
    assert.match(String(logged?.msg), SENTENCE);
  });

  it("reaches Catch with message, code and cause", async () => {
    await askWithWrongKey(createAskFlow(service().url));
    const [caught] = await runtime().waitUntil("errors", (messages) => messages.length > 0);
    const { message, code, cause } = caught!["error"] as Record<string, unknown>;
    assert.match(String(message), SENTENCE);
    assert.equal(code, "authentication");
    assert.deepEqual(cause, runtime().getMessages("out").at(-1)!["error"]);
  });
});
