import assert from "node:assert/strict";
import sinon from "sinon";
import type { NodeStatus, RuntimeNode } from "../../src/node-red/red/api.js";
import { StatusLine } from "../../src/node-red/red/status-line.js";
import { createAskFlow } from "../support/flows/nodes.js";
import { waitForEnd } from "../support/runtime/inbox.js";
import { useHelper } from "../support/runtime/use-helper.js";
import { useService } from "../support/services/use-service.js";
import { pause, waitUntil } from "../support/waiting.js";

describe("StatusLine", () => {
  let clock: sinon.SinonFakeTimers;
  let shown: NodeStatus[];
  let line: StatusLine;
  beforeEach(() => {
    clock = sinon.useFakeTimers();
    shown = [];
    line = new StatusLine({ status: (status: NodeStatus) => shown.push(status) } as unknown as RuntimeNode);
  });
  afterEach(() => clock.restore());

  it("updates the status at most four times a second, however often it changes", () => {
    for (let at = 0; at < 5000; at++) {
      line.show(() => ({ text: `${at}` }));
      clock.tick(1);
    }
    assert.ok(shown.length <= 21, `${shown.length} updates in 5 s`);
    assert.ok(shown.length >= 19);
  });

  it("renders only the states that it shows, so that a chunk costs nothing", () => {
    const render = sinon.fake.returns({ text: "x" });
    for (let at = 0; at < 1000; at++) line.show(render);
    clock.tick(10_000);
    assert.equal(render.callCount, 1);
  });

  it("shows the last state in the end", () => {
    for (const text of ["a", "b", "c"]) {
      line.show(() => ({ text }));
      clock.tick(1);
    }
    clock.tick(1000);
    assert.deepEqual(shown, [{ text: "a" }, { text: "c" }]);
  });

  it("does not show a state at once, so that the request is sent first", () => {
    line.show(() => ({ text: "waiting" }));
    assert.deepEqual(shown, []);
    clock.tick(1);
    assert.deepEqual(shown, [{ text: "waiting" }]);
  });

  it("does not update an unchanged status", () => {
    for (let at = 0; at < 10; at++) {
      line.show(() => ({ text: "same" }));
      clock.tick(1000);
    }
    assert.equal(shown.length, 1);
  });

  it("shows nothing after it is closed, and leaves no timer", () => {
    line.show(() => ({ text: "a" }));
    clock.tick(1);
    line.show(() => ({ text: "b" }));
    line.close();
    line.show(() => ({ text: "c" }));
    assert.equal(clock.countTimers(), 0);
    clock.tick(1000);
    assert.deepEqual(shown, [{ text: "a" }]);
  });

  it("shows nothing after it is closed without a pending update", () => {
    line.show(() => ({ text: "a" }));
    clock.tick(1000);
    line.close();
    line.show(() => ({ text: "b" }));
    clock.tick(1000);
    assert.deepEqual(shown, [{ text: "a" }]);
  });
});

describe("The status of a chat-stream", () => {
  const load = useHelper();
  const service = useService();

  it("shows waiting, then the number of chunks and the rate, then the total", async () => {
    let proceed = () => {};
    service().script = async (reply) => {
      await new Promise<void>((resolve) => {
        proceed = resolve;
      });
      await reply.sendApart("a", "b");
      await new Promise<void>((resolve) => {
        proceed = resolve;
      });
      reply.say("c");
    };
    const flow = await load(createAskFlow(service().url));
    const waitForStatus = (fill: string, shape: string, word: string) =>
      waitUntil(() => {
        const status = flow.getStatus("ask");
        return status?.fill === fill && status.shape === shape && status.text?.endsWith(word) === true;
      }, `the status is ${word}`);
    flow.inject("ask", { payload: "Hi" });
    await waitForStatus("blue", "ring", "waiting");
    await service().waitForRequests(1);
    proceed();
    await waitForStatus("blue", "dot", "streaming");
    proceed();
    await waitForEnd(flow.getInbox("out"));
    await waitForStatus("green", "dot", "done");
  });

  it("shows a cancelled stream in grey, since it is no failure", async () => {
    service().script = (reply) => void reply.send("half");
    const flow = await load(createAskFlow(service().url));
    flow.inject("ask", { payload: "Hi" });
    await flow.getInbox("out").waitForCount(1);
    flow.inject("ask", { cancel: true });
    await waitUntil(() => flow.getStatus("ask")?.fill === "grey", "the status is grey");
  });

  it("names the total by a key of its own if it is one chunk, which is no plural", async () => {
    service().script = (reply) => reply.say("Hi");
    const flow = await load(createAskFlow(service().url));
    flow.inject("ask", { payload: "Hi" });
    await waitUntil(() => flow.getStatus("ask")?.text?.endsWith("doneOne") === true, "the status is doneOne");
  });

  it("says that there is no model, since that is the commonest mistake in a request", async () => {
    const flow = await load(createAskFlow(service().url, { model: "" }));
    flow.inject("ask", { payload: "Hi" });
    await waitUntil(() => flow.getStatus("ask")?.fill === "red", "the status is red");
    assert.match(flow.getStatus("ask")!.text!, /noModel$|^no model$/);
  });

  it("shows the number of parallel streams", async () => {
    service().script = (reply) => void reply.send("half");
    const flow = await load(createAskFlow(service().url));
    for (const payload of ["A", "B", "C"]) flow.inject("ask", { payload });
    await waitUntil(() => flow.getStatus("ask")?.text?.startsWith("3 × ") === true, "the status says 3");
    await pause();
  });
});
