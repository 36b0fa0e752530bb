import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { PROPERTIES } from "../../editor/node-properties.js";
import {
  createChatStreamNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  TAB,
} from "../../support/flows/nodes.js";
import { createRetryNode } from "../../support/flows/retry.js";
import { createRouterNode } from "../../support/flows/router.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";

/** Values that no editor writes, but a hand-written flow or a script may have. */
const ODD_VALUES: readonly unknown[] = [true, -1, "odd", null, [{ name: 5 }], { a: { b: 1 } }];

/** Sentences of the language itself, which tell an author nothing. */
const INTERNAL =
  /is not a function|not iterable|cannot read prop|cannot convert|undefined|\[object|is not valid json|invalid (array|string) length|unexpected token|circular/i;

/** Properties that lead to other nodes or machines: what stands there is looked up, and not read. */
const ELSEWHERE: ReadonlySet<string> = new Set(["tls", "broker"]);

describe("Settings that no editor writes", () => {
  const service = useService();
  const runtime = useRuntime();

  /** Each node as a part of: question → [budget →] chat-stream → node → `out`. */
  const createFlow = (type: string, odd: Record<string, unknown>): FlowNode[] => {
    const into = (name: string) => (type === name ? odd : {});
    const ending = ["collect", "delta-buffer"].includes(type) ? type : "out";
    return [
      TAB,
      { ...createProviderNode(service().url), ...into("chat-provider") },
      createChatStreamNode({ wires: [["retry"]], ...into("chat-stream") }),
      createRetryNode({ wires: [["router"], ["ask"], []], attempts: 1, ...into("retry") }),
      createRouterNode({ wires: [[ending], ["ask"], [], []], ...into("tool-call-router") }),
      createFlowNode("collect", "collect", [], { wires: [["out"], ["out"]], ...into("collect") }),
      createFlowNode("delta-buffer", "delta-buffer", ["out"], into("delta-buffer")),
      createFlowNode("budget", "account", [], {
        ...{ wires: [[ending], ["ask"], [], [ending]], limit: 10, ...into("budget") },
      }),
      createSinkNode("out"),
      createSinkNode("errors"),
      createFlowNode("catch", "catch", ["errors"], { scope: null }),
    ];
  };

  for (const type of [
    "chat-provider",
    "chat-stream",
    "retry",
    "tool-call-router",
    "collect",
    "delta-buffer",
    "budget",
  ]) {
    for (const property of Object.keys(PROPERTIES[type]!)) {
      if (ELSEWHERE.has(property)) continue;
      it(`R29: ${type}.${property}: the stream ends, and an error names what is wrong in the author's words`, async () => {
        service().script = (reply) => reply.say("Hello");
        for (const value of ODD_VALUES) {
          const what = `${property}: ${JSON.stringify(value)}`;
          runtime().clearRecords();
          await runtime().deploy(createFlow(type, { [property]: value }));
          runtime().inject(type === "budget" ? "account" : "router", { payload: "Hi", topic: "t" });
          const isEnd = ({ complete, error }: Message) =>
            complete === true || error !== undefined || type === "collect";
          await runtime().arrivals.waitUntil(
            (arrivals) =>
              arrivals.some(({ sink, message }) => ["out", "errors"].includes(sink) && isEnd(message)),
            what,
          );
          const texts = [
            ...runtime().arrivals.messages.map(({ message: { error } }) =>
              String((error as { message?: string } | undefined)?.message ?? ""),
            ),
            ...runtime()
              .logs.filter(({ level }) => level <= 30)
              .map(({ msg }) => String(msg)),
          ];
          for (const text of texts) assert.doesNotMatch(text, INTERNAL, what);
        }
      });
    }
  }
});
