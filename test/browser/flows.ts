/** Flows for the tests, as the author of a flow would have deployed them. */

const TAB = { id: "tab", type: "tab", label: "Test" };

export interface ProviderProperties {
  provider: string;
  name?: string;
  baseUrl?: string;
  credentials?: { apiKey?: string };
}

/** One provider and one chat-stream that uses it, with an inject before it and debug nodes behind. */
export function createChatFlow(
  provider: ProviderProperties,
  model = "demo",
  prompt = "Count to 5.",
): object[] {
  return [
    TAB,
    { id: "provider", type: "chat-provider", ...provider },
    {
      id: "ask",
      type: "inject",
      z: "tab",
      name: "Ask",
      props: [{ p: "payload", v: prompt, vt: "str" }],
      repeat: "",
      crontab: "",
      once: false,
      x: 200,
      y: 160,
      wires: [["stream"]],
    },
    {
      id: "stream",
      type: "chat-stream",
      z: "tab",
      provider: "provider",
      model,
      x: 500,
      y: 160,
      wires: [["collect"]],
    },
    { id: "collect", type: "collect", z: "tab", x: 800, y: 160, wires: [["answer"], []] },
    {
      id: "answer",
      type: "debug",
      z: "tab",
      name: "Answer",
      active: true,
      tosidebar: true,
      complete: "payload",
      targetType: "msg",
      x: 980,
      y: 160,
      wires: [],
    },
  ];
}

/** Several providers, each with a chat-stream `stream-<id>` through which the editor reaches its dialog. */
export function createProviderFlow(providers: Record<string, ProviderProperties>): object[] {
  const nodes = Object.entries(providers).flatMap(([id, provider], at) => [
    { id, type: "chat-provider", ...provider },
    {
      id: `stream-${id}`,
      type: "chat-stream",
      z: "tab",
      name: `uses ${id}`,
      provider: id,
      x: 300,
      y: 100 + 60 * at,
      wires: [[]],
    },
  ]);
  return [TAB, ...nodes];
}
