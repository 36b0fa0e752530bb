/** Flows for the tests, as an author of flows would have deployed them. */

export const TAB = { id: "tab", type: "tab", label: "Test" };

/** The properties of a chat-provider in a flow. */
export interface ProviderProperties {
  provider: string;
  name?: string;
  baseUrl?: string;
  api?: string;
  credentials?: { apiKey?: string };
}

/** Creates an inject node that sends a text as the payload. */
export function createInject(id: string, payload: string, properties: object): object {
  return {
    id,
    type: "inject",
    z: "tab",
    props: [{ p: "payload", v: payload, vt: "str" }],
    repeat: "",
    crontab: "",
    once: false,
    wires: [[]],
    ...properties,
  };
}

/** Creates a debug node that shows the payload in the sidebar. */
export function createDebug(id: string, properties: object): object {
  return {
    id,
    type: "debug",
    z: "tab",
    active: true,
    tosidebar: true,
    complete: "payload",
    targetType: "msg",
    wires: [],
    ...properties,
  };
}

/** Creates a provider and a chat-stream that uses it, with an inject before it, and collect and debug behind it. */
export function createChatFlow(
  provider: ProviderProperties,
  model = "demo",
  prompt = "Count to 5.",
): object[] {
  return [
    TAB,
    { id: "provider", type: "chat-provider", ...provider },
    createInject("ask", prompt, { name: "Ask", x: 200, y: 160, wires: [["stream"]] }),
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
    createDebug("answer", { name: "Answer", x: 980, y: 160 }),
  ];
}

/**
 * Creates several providers by their ids, each with a chat-stream `stream-<id>` through which the editor opens its dialog.
 * An id must not be the value of a property: the editor would take that property for a reference.
 */
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

/** Creates the demo's MCP server of notes, and a router that may use it. */
export function createNotesFlow(router: Readonly<Record<string, unknown>> = {}): object[] {
  return [
    TAB,
    { id: "server", type: "mcp-server", name: "Notes", transport: "stdio", command: "demo" },
    {
      id: "router",
      type: "tool-call-router",
      z: "tab",
      tools: [],
      outputs: 2,
      x: 300,
      y: 200,
      wires: [[], []],
      ...router,
    },
  ];
}
