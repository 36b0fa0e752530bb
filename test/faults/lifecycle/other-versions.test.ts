import assert from "node:assert/strict";
import { type Definition, load } from "../../editor/editor-half.js";
import {
  createChatStreamNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  TAB,
} from "../../support/flows/nodes.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";

/** Settings that every version needs. */
const REQUIRED: ReadonlySet<string> = new Set(["name", "provider", "baseUrl", "model"]);

/** Reads the settings that the current editor writes for a new node. */
function readDefaults({ defaults }: Definition): Record<string, unknown> {
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
const SETTINGS = new Map(TYPES.map((type) => [type, readDefaults(load(type).definition)]));

/** Creates a flow with the text nodes in a chain, each with the default settings. */
function createChain(url: string): FlowNode[] {
  const getDefaults = (type: (typeof TYPES)[number]) => ({ ...SETTINGS.get(type) });
  return [
    TAB,
    { ...createProviderNode(url), ...getDefaults("chat-provider"), provider: "custom", baseUrl: url },
    {
      ...createChatStreamNode(),
      ...getDefaults("chat-stream"),
      provider: "provider",
      model: "m",
      wires: [["retry"]],
    },
    { ...createFlowNode("retry", "retry", []), ...getDefaults("retry"), wires: [["router"], ["ask"], []] },
    {
      ...createFlowNode("tool-call-router", "router", []),
      ...getDefaults("tool-call-router"),
      wires: [["buffer"], ["ask"]],
    },
    { ...createFlowNode("delta-buffer", "buffer", []), ...getDefaults("delta-buffer"), wires: [["collect"]] },
    { ...createFlowNode("collect", "collect", []), ...getDefaults("collect"), wires: [["out"], ["out"]] },
    createSinkNode("out"),
  ];
}

describe("Flow of another version", () => {
  const service = useService();
  const runtime = useRuntime();

  for (const type of TYPES) {
    it(`R21: runs a ${type} without a setting as with its default`, async () => {
      for (const setting of Object.keys(SETTINGS.get(type)!).filter((name) => !REQUIRED.has(name))) {
        const olderFlow = createChain(service().url).map((config) => {
          const { [setting]: _, ...rest } = config as FlowNode & Record<string, unknown>;
          return config.type === type ? (rest as FlowNode) : config;
        });
        await runtime().deploy(olderFlow);
        runtime().clearRecords();
        runtime().inject("router", { payload: "Hi" });
        const [message] = await runtime().waitUntil("out", (messages) => messages.length === 1);
        assert.equal(message!.finishReason, "stop", `${type} without ${setting}`);
        assert.equal(message!.payload, "Hello world", `${type} without ${setting}`);
      }
    });
  }

  it("R21: ignores unknown settings of a later version", async () => {
    await runtime().deploy(
      createChain(service().url).map((config) => ({ ...config, laterSetting: { deep: [1] } })),
    );
    runtime().inject("router", { payload: "Hi" });
    const [message] = await runtime().waitUntil("out", (messages) => messages.length === 1);
    assert.equal(message!.payload, "Hello world");
  });
});
