import assert from "node:assert/strict";
import {
  createChatStreamNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { BAD_INPUT } from "../../support/inputs/bad-input.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { TestRuntime } from "../../support/runtime/node-red-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

/** Creates one flow with all cases, so that the delayed status needs to be awaited only once. */
function createFlow(origin: string): FlowNode[] {
  const lanes = BAD_INPUT.flatMap((input, at) => [
    { ...createProviderNode(`${origin}/${at}/v1`, input.service), id: `provider${at}` },
    {
      ...createChatStreamNode({ provider: `provider${at}`, wires: [[`out${at}`]], ...input.stream }),
      id: `ask${at}`,
    },
    createSinkNode(`out${at}`),
  ]);
  return [TAB, ...lanes, ...createWitnessNodes(...BAD_INPUT.map((_, at) => `ask${at}`))];
}

describe("Bad input of a chat-stream", () => {
  const service = useService();
  let runtime: TestRuntime;
  /** Paths of the requests that the service received. */
  let paths: string[];

  before(async () => {
    runtime = await TestRuntime.start();
    const seen = new Set<number>();
    service().script = (reply, request) => {
      const at = Number(/^\/(\d+)\//.exec(request.path)![1]);
      const script = seen.has(at) ? undefined : BAD_INPUT[at]!.script;
      seen.add(at);
      return script ? script(reply, request) : reply.say("Hello");
    };
    const credentials = BAD_INPUT.flatMap((input, at) =>
      input.credentials ? [[`provider${at}`, input.credentials] as const] : [],
    );
    await runtime.deploy(createFlow(new URL(service().url).origin), "full", Object.fromEntries(credentials));
    for (const [at, { message }] of BAD_INPUT.entries())
      runtime.inject(`ask${at}`, message ?? { payload: "Hi" });
    await waitUntil(() => BAD_INPUT.every((_, at) => getEnds(at).length === 1), "every stream has ended");
    await waitUntil(() => BAD_INPUT.every((_, at) => getStatus(at)?.fill === "red"), "every status is red");
    paths = service().requests.map(({ path }) => path);
  });
  after(() => runtime.stop());

  const getEnds = (at: number) => runtime.getMessages(`out${at}`).filter(({ complete }) => complete === true);
  const getStatus = (at: number) =>
    runtime.statuses.messages.filter(({ id, status }) => id === `ask${at}` && status?.text).at(-1)?.status;
  const filterBySource = (sink: string, property: "error" | "complete", at: number) =>
    runtime.getMessages(sink).filter((message) => (message[property] as Source).source.id === `ask${at}`);

  for (const [at, { problem, code, pattern, ...input }] of BAD_INPUT.entries()) {
    it(`${problem}: sends one last message with ${code}, one error to Catch and a red status`, () => {
      const [last, ...more] = getEnds(at);
      assert.equal(more.length, 0);
      assert.equal(last!.finishReason, "error");
      const data = last!.error as Record<string, unknown>;
      assert.equal(data["code"], code);
      assert.match(data["message"] as string, pattern);
      assert.deepEqual(JSON.parse(JSON.stringify(data)), data);

      const errors = filterBySource("errors", "error", at);
      assert.equal(errors.length, 1);
      const error = errors[0]!.error as { code: string; message: string; cause: unknown };
      assert.equal(error.code, code);
      assert.match(error.message, pattern);
      assert.deepEqual(error.cause, data);
      assert.equal(filterBySource("completed", "complete", at).length, 0);
      assert.equal(getStatus(at)!.shape, code === "configuration" || code === "credentials" ? "ring" : "dot");

      const requests = paths.filter((path) => path.startsWith(`/${at}/`));
      assert.equal(requests.length, input.script ? 1 : 0);
    });
  }

  it("answers the next message after bad input", async () => {
    for (const [at, { stream }] of BAD_INPUT.entries()) {
      const model = stream?.["model"] === "" ? { model: "model-1" } : {};
      runtime.inject(`ask${at}`, { payload: "Next", rules: "", ...model });
    }
    await waitUntil(
      () => BAD_INPUT.every((_, at) => getEnds(at).length === 2),
      "every second stream has ended",
    );
    await pause();
    for (const [at, { problem, code }] of BAD_INPUT.entries()) {
      const outcomes = ["errors", "completed"].map(
        (sink) => filterBySource(sink, sink === "errors" ? "error" : "complete", at).length,
      );
      assert.equal(outcomes[0]! + outcomes[1]!, 2, problem);
      if (code !== "configuration" && code !== "credentials")
        assert.equal(getEnds(at)[1]!.finishReason, "stop", problem);
    }
  });
});

/** What Catch and Complete add to a message. */
interface Source {
  source: { id: string };
}
