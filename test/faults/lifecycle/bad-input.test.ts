import assert from "node:assert/strict";
import { BAD_INPUT } from "../../support/inputs/bad-input.js";
import {
  createChatStreamNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/runtime/flows.js";
import { eventually, pause } from "../../support/runtime/inbox.js";
import { type FlowNode, TestRuntime } from "../../support/runtime/node-red-runtime.js";
import { useService } from "../../support/services/use-service.js";

/** All cases in one flow, so that the throttled status has to be waited for only once. */
function flowOf(origin: string): FlowNode[] {
  const lanes = BAD_INPUT.flatMap((given, at) => [
    { ...createProviderNode(`${origin}/${at}/v1`, given.service), id: `provider${at}` },
    {
      ...createChatStreamNode({ provider: `provider${at}`, wires: [[`out${at}`]], ...given.stream }),
      id: `ask${at}`,
    },
    createSinkNode(`out${at}`),
  ]);
  return [TAB, ...lanes, ...createWitnessNodes(...BAD_INPUT.map((_, at) => `ask${at}`))];
}

describe("Bad input", () => {
  const service = useService();
  let runtime: TestRuntime;
  /** Paths of the requests that the service got. */
  let paths: string[];

  before(async function () {
    this.timeout(10_000);
    runtime = await TestRuntime.start();
    const asked = new Set<number>();
    service().script = (reply, request) => {
      const at = Number(/^\/(\d+)\//.exec(request.path)![1]);
      const script = asked.has(at) ? undefined : BAD_INPUT[at]!.script;
      asked.add(at);
      return script ? script(reply, request) : reply.say("Hello");
    };
    const credentials = BAD_INPUT.flatMap((given, at) =>
      given.credentials ? [[`provider${at}`, given.credentials] as const] : [],
    );
    await runtime.deploy(flowOf(new URL(service().url).origin), "full", Object.fromEntries(credentials));
    for (const [at, { message }] of BAD_INPUT.entries())
      runtime.inject(`ask${at}`, message ?? { payload: "Hi" });
    await eventually(() => BAD_INPUT.every((_, at) => ended(at).length === 1), "every stream has ended");
    await eventually(() => BAD_INPUT.every((_, at) => shown(at)?.fill === "red"), "every status is red");
    paths = service().requests.map(({ path }) => path);
  });
  after(() => runtime.stop());

  const ended = (at: number) => runtime.getMessages(`out${at}`).filter(({ complete }) => complete === true);
  const shown = (at: number) =>
    runtime.statuses.messages.filter(({ id, status }) => id === `ask${at}` && status?.text).at(-1)?.status;
  const told = (sink: string, source: "error" | "complete", at: number) =>
    runtime.getMessages(sink).filter((message) => (message[source] as Source).source.id === `ask${at}`);

  for (const [at, { problem: what, code, pattern: says, ...given }] of BAD_INPUT.entries()) {
    it(`${what}: one error (${code}), a red status, one last message`, () => {
      const [last, ...more] = ended(at);
      assert.equal(more.length, 0);
      assert.equal(last!.finishReason, "error");
      const data = last!.error as Record<string, unknown>;
      assert.equal(data["code"], code);
      assert.match(data["message"] as string, says);
      assert.deepEqual(JSON.parse(JSON.stringify(data)), data);

      const errors = told("errors", "error", at);
      assert.equal(errors.length, 1);
      const error = errors[0]!.error as { code: string; message: string; cause: unknown };
      assert.equal(error.code, code);
      assert.match(error.message, says);
      assert.deepEqual(error.cause, data);
      assert.equal(told("completed", "complete", at).length, 0);
      assert.equal(shown(at)!.shape, code === "configuration" || code === "credentials" ? "ring" : "dot");

      const requests = paths.filter((path) => path.startsWith(`/${at}/`));
      assert.equal(requests.length, given.script ? 1 : 0);
    });
  }

  it("is over with the message: each node goes on with the next", async () => {
    for (const [at, { stream }] of BAD_INPUT.entries()) {
      const model = stream?.["model"] === "" ? { model: "model-1" } : {};
      runtime.inject(`ask${at}`, { payload: "Next", rules: "", ...model });
    }
    await eventually(
      () => BAD_INPUT.every((_, at) => ended(at).length === 2),
      "every second stream has ended",
    );
    await pause();
    for (const [at, { problem: what, code }] of BAD_INPUT.entries()) {
      const outcomes = ["errors", "completed"].map(
        (sink) => told(sink, sink === "errors" ? "error" : "complete", at).length,
      );
      assert.equal(outcomes[0]! + outcomes[1]!, 2, what);
      if (code !== "configuration" && code !== "credentials")
        assert.equal(ended(at)[1]!.finishReason, "stop", what);
    }
  });
});

interface Source {
  source: { id: string };
}
