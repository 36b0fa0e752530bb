/** A tool of the demo server, as MCP lists it. */
interface NoteTool {
  name: string;
  description: string;
  inputSchema: object;
  annotations: object;
  /** @throws Error with a sentence for the model */
  run(notes: Map<string, string>, args: Record<string, unknown>): object;
}

const TITLE = {
  type: "object",
  properties: { title: { type: "string", description: "Title of the note" } },
  required: ["title"],
  additionalProperties: false,
};

const NOTES: readonly (readonly [string, string])[] = [
  ["Groceries", "Milk, bread, apples."],
  ["Garage", "The key hangs behind the door."],
  ["Birthday", "Ada's birthday is on the tenth of December."],
];

const TOOLS: readonly NoteTool[] = [
  {
    name: "list_notes",
    description: "Lists the titles of all notes.",
    inputSchema: { type: "object", properties: {}, additionalProperties: false },
    annotations: { readOnlyHint: true },
    run: (notes) => ({ titles: [...notes.keys()] }),
  },
  {
    name: "read_note",
    description: "Reads a note.",
    inputSchema: TITLE,
    annotations: { readOnlyHint: true },
    run: (notes, { title }) => ({ text: notes.get(findTitle(notes, title))! }),
  },
  {
    name: "delete_note",
    description: "Deletes a note. It cannot be brought back.",
    inputSchema: TITLE,
    annotations: { destructiveHint: true },
    run: (notes, { title }) => {
      const found = findTitle(notes, title);
      notes.delete(found);
      return { deleted: found };
    },
  },
];

/** The newest protocol that the server speaks. */
const PROTOCOL = "2025-11-25";

/** A small MCP server with notes in its memory, to try MCP out without installing anything. */
export class NotesServer {
  private readonly notes = new Map(NOTES);

  /** @returns the answer to a message; undefined if it wants none */
  answer(message: { id?: unknown; method?: unknown; params?: unknown }): object | undefined {
    const { id, method } = message;
    if (id === undefined || typeof method !== "string") return undefined;
    const params = (message.params ?? {}) as Record<string, unknown>;
    const result = this.buildResult(method, params);
    if (result) return { jsonrpc: "2.0", id, result };
    return { jsonrpc: "2.0", id, error: { code: -32601, message: `There is no method ${method}.` } };
  }

  private buildResult(method: string, params: Record<string, unknown>): object | undefined {
    if (method === "ping") return {};
    if (method === "initialize")
      return {
        protocolVersion: PROTOCOL,
        capabilities: { tools: {} },
        serverInfo: { name: "demo notes", version: "1.0.0" },
      };
    if (method === "tools/list") return { tools: TOOLS.map(({ run: _, ...tool }) => tool) };
    return method === "tools/call" ? this.call(params["name"], params["arguments"]) : undefined;
  }

  private call(name: unknown, args: unknown): object {
    try {
      const tool = TOOLS.find((one) => one.name === name);
      if (!tool) throw new Error(`There is no tool ${name}.`);
      const value = tool.run(this.notes, (args ?? {}) as Record<string, unknown>);
      return { content: [{ type: "text", text: JSON.stringify(value) }] };
    } catch (thrown) {
      return { content: [{ type: "text", text: (thrown as Error).message }], isError: true };
    }
  }
}

function findTitle(notes: ReadonlyMap<string, string>, title: unknown): string {
  const wanted = String(title).toLowerCase();
  const found = [...notes.keys()].find((one) => one.toLowerCase() === wanted);
  if (found === undefined)
    throw new Error(`There is no note “${title}”. There are: ${[...notes.keys()].join(", ")}.`);
  return found;
}
