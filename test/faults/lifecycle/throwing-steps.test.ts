import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { NodeHost } from "../../../src/node-red/red/host.js";
import { createFlowNode, createSinkNode } from "../../support/flows/nodes.js";
import { createRetryNode } from "../../support/flows/retry.js";
import { answerByWeatherTool, answerCalls, createRouterFlow } from "../../support/flows/router.js";
import { speakInput } from "../../support/flows/speech.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

/** Nodes of this package in the flow, in the order of the stream. */
const NODES = ["ask", "retry", "router", "buffer", "collect", "speech"];

/** Changes of the usual flow. What a Catch node gets looks like a second end, so nothing records it. */
const CHANGES: Readonly<Record<string, object>> = { collect: { timeout: 12 }, catch: { wires: [[]] } };

type Call = (...values: unknown[]) => unknown;

/** A step of a node that throws. */
interface Step {
  node: string;
  topic: unknown;
}

/** Counts the steps of a kind by their topic, and throws at the one that the topic names. */
class Thrower {
  readonly counts = new Map<unknown, number>();
  /** The steps that have thrown, by their topic. */
  readonly thrown = new Map<unknown, Step>();

  step(node: string, topic: unknown): void {
    const count = this.counts.get(topic) ?? 0;
    this.counts.set(topic, count + 1);
    if (count !== topic) return;
    this.thrown.set(topic, { node, topic });
    throw new Error(`step ${count} of ${node}`);
  }
}

describe("A step that throws", function () {
  this.timeout(90_000);
  const service = useService();
  const runtime = useRuntime();
  let undo: (() => void)[] = [];

  afterEach(() => {
    for (const one of undo) one();
    undo = [];
  });

  /** Replaces a method until the test ends. */
  function replace<T extends object>(owner: T, name: keyof T, create: (original: Call) => Call): void {
    const original = owner[name] as Call;
    const replaced = function (this: T, ...values: unknown[]) {
      return create((...all) => original.apply(this, all))(...values);
    };
    owner[name] = replaced as T[keyof T];
    undo.push(() => {
      owner[name] = original as T[keyof T];
    });
  }

  /**
   * Deploys a flow with all nodes that send: the first request fails, then the model calls a tool, then it answers.
   * @param alwaysFails whether the others fail, too
   */
  async function deploy(alwaysFails = false): Promise<void> {
    const hasFailed = new Set<unknown>();
    service().script = (reply, request) => {
      if ("input" in request.body) return speakInput(reply, request);
      const question = (request.body["messages"] as { content: unknown }[])[0]!.content;
      if (hasFailed.has(question) && !alwaysFails) return answerByWeatherTool(reply, request);
      hasFailed.add(question);
      return reply.sendJson(500, {});
    };
    answerCalls(runtime(), "weather", () => "sunny");
    await runtime().deploy([
      ...createRouterFlow(service().url, {
        between: "retry",
        after: "buffer",
        service: { maxConcurrent: 300, maxQueued: 1000 },
      }).map((node) => ({ ...node, ...CHANGES[node.id] })),
      createRetryNode({ wires: [["router"], ["ask"], []] }),
      createFlowNode("delta-buffer", "buffer", ["collect", "speech"], { boundary: "word", milliseconds: 10 }),
      createFlowNode("speech-stream", "speech", ["sound"], { provider: "provider" }),
      createSinkNode("sound"),
    ]);
  }

  const list = (sink: string) => runtime().getMessages(sink);
  const listEnds = () => [...list("finished"), ...list("unfinished")];
  const ask = (topic: number | string) => runtime().inject("router", { payload: `${topic}`, topic });

  /** Asserts that a stream ended at most once at each reader, and that collect got the whole answer if it got any. */
  function assertOneEnd(topic: unknown): void {
    const isOfTopic = (message: Message) => message.topic === topic;
    assert.ok(listEnds().filter(isOfTopic).length <= 1, `${topic}: one end at collect`);
    const sound = list("sound").filter(isOfTopic);
    assert.ok(
      sound.filter(({ complete }) => complete === true).length <= 1,
      `${topic}: one end of the sound`,
    );
    for (const { payload } of list("finished").filter(isOfTopic))
      assert.equal(payload, "Let me look. It is sunny.");
  }

  /** Asks a question and waits for its ends. */
  async function askAndWait(topic: string): Promise<void> {
    ask(topic);
    await waitUntil(() => listEnds().some((message) => message.topic === topic), `an answer to ${topic}`);
    await waitUntil(() =>
      list("sound").some((message) => message.topic === topic && message.complete === true),
    );
  }

  /** Where a kind of step is made. @param watch has the thrower count each of its steps */
  const KINDS: Readonly<Record<string, (thrower: Thrower) => void>> = {
    "node.send": (thrower) => {
      for (const id of NODES) {
        replace(runtime().getNode(id), "send", (send) => (output) => {
          const [message] = [output].flat().filter((one) => one) as Message[];
          thrower.step(id, message?.topic);
          return send(output);
        });
      }
    },
    "a copy of a message": (thrower) => {
      const { util } = runtime().red as unknown as { util: { cloneMessage(message: Message): Message } };
      replace(util, "cloneMessage", (clone) => (message) => {
        thrower.step("", (message as Message | undefined)?.topic);
        return clone(message);
      });
    },
    "node.error": (thrower) => {
      for (const id of NODES) {
        replace(runtime().getNode(id), "error", (report) => (error, message) => {
          thrower.step(id, (message as Message | undefined)?.topic);
          return report(error, message);
        });
      }
    },
  };

  for (const [name, watch] of Object.entries(KINDS)) {
    it(`ends each stream once, and disturbs no other, if it is ${name}`, async () => {
      await deploy(name === "node.error");
      const thrower = new Thrower();
      watch(thrower);
      await askAndWait("all well");
      const count = thrower.counts.get("all well") ?? 0;
      for (let nth = 0; nth < count; nth++) ask(nth);
      const isLost = (topic: number) => thrower.thrown.get(topic)?.node === "collect";
      const topics = [...Array(count).keys()];
      await waitUntil(
        () => topics.every((topic) => isLost(topic) || listEnds().some((end) => end.topic === topic)),
        "all streams have ended",
        60_000,
      );
      await pause(100);
      // Timers may merge a message more or less.
      assert.ok(thrower.thrown.size > 0.8 * count);
      for (const topic of topics) assertOneEnd(topic);
      await askAndWait("and again");
    });
  }

  /** Where a step is made that belongs to no message. @param step is called before each */
  const NODE_KINDS: Readonly<Record<string, (step: (node: string) => void) => void>> = {
    "node.status": (step) => {
      for (const id of NODES) {
        replace(runtime().getNode(id), "status", (show) => (status) => {
          step(id);
          return show(status);
        });
      }
    },
    "node.warn": (step) => {
      for (const id of NODES) {
        replace(runtime().getNode(id), "warn", (warn) => (text) => {
          step(id);
          return warn(text);
        });
      }
    },
    "a timer or a promise": (step) => {
      replace(
        NodeHost.prototype,
        "run",
        (run) => (callback) =>
          run(() => {
            step("");
            return (callback as () => void)();
          }),
      );
    },
  };

  for (const [name, watch] of Object.entries(NODE_KINDS)) {
    it(`leaves Node-RED alive and ends each stream at most once if it is ${name}`, async () => {
      await deploy();
      // Slow enough for each node to show what it does.
      runtime().reactions.set("weather", (message) => {
        setTimeout(() => runtime().inject("router", { ...message, payload: "sunny" }), 300);
      });
      let count = 0;
      let throwsAt = Number.POSITIVE_INFINITY;
      watch((node) => {
        if (count++ === throwsAt) throw new Error(`step of ${node}`);
      });
      await askAndWait("all well");
      await pause(300);
      const steps = count;
      for (throwsAt = 0; throwsAt < steps; throwsAt++) {
        count = 0;
        ask(throwsAt);
        await waitUntil(() => listEnds().some(({ topic }) => topic === throwsAt), "an end", 1_000).catch(
          () => {},
        );
        await pause(300);
        assertOneEnd(throwsAt);
        // What a timer was for may wait for ever.
        for (const id of NODES) runtime().inject(id, { reset: true });
      }
      throwsAt = Number.POSITIVE_INFINITY;
      await askAndWait("and again");
    });
  }
});
