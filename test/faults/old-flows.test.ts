import assert from "node:assert/strict";
import { type Definition, load } from "../editor/editor-half.js";
import { chatStream, node, provider, sink, TAB } from "../support/runtime/flows.js";
import type { FlowNode } from "../support/runtime/node-red-runtime.js";
import { useRuntime } from "../support/runtime/use-runtime.js";
import { useService } from "../support/services/use-service.js";

/** Without these there is nothing to ask, whatever the version. */
const NEEDED: ReadonlySet<string> = new Set(["name", "provider", "baseUrl", "model"]);

/** What the editor of today writes for a new node. */
function settingsOf({ defaults }: Definition): Record<string, unknown> {
  return Object.fromEntries(Object.entries(defaults).map(([name, { value }]) => [name, value]));
}

const TYPES = [
  "chat-provider",
  "chat-stream",
  "retry",
  "tool-call-router",
  "delta-buffer",
  "collect",
] as const;
const SETTINGS = new Map(TYPES.map((type) => [type, settingsOf(load(type).definition)]));

/** A chain of every node, each with all that today's editor would write. */
function chain(url: string): FlowNode[] {
  const given = (type: (typeof TYPES)[number]) => ({ ...SETTINGS.get(type) });
  const wired = (to: string[], ...more: string[][]) => ({ wires: [to, ...more] });
  return [
    TAB,
    { ...provider(url), ...given("chat-provider"), provider: "custom", baseUrl: url },
    { ...chatStream(), ...given("chat-stream"), provider: "provider", model: "m", ...wired(["retry"]) },
    { ...node("retry", "retry", []), ...given("retry"), ...wired(["router"], ["ask"], []) },
    {
      ...node("tool-call-router", "router", []),
      ...given("tool-call-router"),
      ...wired(["buffer"], ["ask"]),
    },
    { ...node("delta-buffer", "buffer", []), ...given("delta-buffer"), ...wired(["collect"]) },
    { ...node("collect", "collect", []), ...given("collect"), ...wired(["out"], ["out"]) },
    sink("out"),
  ];
}

describe("A flow of another version", () => {
  const service = useService();
  const runtime = useRuntime();

  for (const type of TYPES) {
    it(`R21: a ${type} without a setting that came later works as with its default`, async () => {
      for (const setting of Object.keys(SETTINGS.get(type)!).filter((name) => !NEEDED.has(name))) {
        const older = chain(service().url).map((one) => {
          const { [setting]: _, ...rest } = one as FlowNode & Record<string, unknown>;
          return one.type === type ? (rest as FlowNode) : one;
        });
        await runtime().deploy(older);
        runtime().clear();
        runtime().inject("router", { payload: "Hi" });
        const [message] = await runtime().until("out", (messages) => messages.length === 1);
        assert.equal(message!.finishReason, "stop", `${type} without ${setting}`);
        assert.equal(message!.payload, "Hello world", `${type} without ${setting}`);
      }
    });
  }

  it("R21: settings that are not known here, of a version to come, are no reason to fail", async () => {
    await runtime().deploy(chain(service().url).map((one) => ({ ...one, settingToCome: { deep: [1] } })));
    runtime().inject("router", { payload: "Hi" });
    const [message] = await runtime().until("out", (messages) => messages.length === 1);
    assert.equal(message!.payload, "Hello world");
  });
});
