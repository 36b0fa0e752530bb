import { redact } from "../../core/errors/redact.js";
import { toFailure } from "../../core/failure.js";
import { toPrintable } from "../../core/printable.js";
import { McpConnection } from "../../mcp/connection.js";
import { systemClock } from "../../transport/system-clock.js";
import type { AdminRequest, NodeRed } from "../red/api.js";
import { readDraft, readDraftCredentials } from "../red/values/draft.js";
import { type McpServerConfig, readServerConfig } from "./config.js";

/** The last lines of a server's log that its author sees if the test fails. */
const MAX_LINES = 8;
const MAX_LINE_CHARS = 300;

/** Credentials of a server, and the settings that decide who gets them, by its transport. */
const CREDENTIALS = {
  http: { names: ["token", "secretHeaders"], address: ["transport", "url", "allowInsecure"] },
  stdio: { names: ["secretEnv"], address: ["transport", "command", "args", "cwd", "env"] },
};

const REFUSAL =
  "The stored secrets belong to the deployed server, and its address or program was changed. Enter them again, or deploy first.";

/** What a server said about itself, or why it cannot be used, with the last lines of its log. */
type TestResult =
  | Awaited<ReturnType<McpConnection["test"]>>
  | { ok: false; code: string; message: string; log: readonly string[] };

/** Tests of mcp-servers as they stand in the editor, perhaps not deployed yet. */
export class DraftTests {
  /** By the id of the node: a new test ends the former, so that no click starts a second program. */
  private readonly running = new Map<string, McpConnection>();

  constructor(private readonly red: NodeRed) {}

  /**
   * Connects to a server, lists its tools, and closes the connection; a program that was started for it is over then.
   * @throws Failure if the settings are wrong
   */
  async test(request: AdminRequest): Promise<TestResult> {
    const lines: string[] = [];
    const { id, connection } = this.open(request, lines);
    void this.running.get(id)?.close();
    this.running.set(id, connection);
    try {
      return await connection.test();
    } catch (thrown) {
      const { code, message } = toFailure(thrown);
      return { ok: false, code, message, log: lines };
    } finally {
      if (this.running.get(id) === connection) this.running.delete(id);
      void connection.close();
    }
  }

  private open(request: AdminRequest, lines: string[]): { id: string; connection: McpConnection } {
    const draft = readDraft(this.red, request, "mcp-server");
    const { id, fill } = draft;
    const config = { ...draft.config, id, type: "mcp-server" } as McpServerConfig;
    const stored = CREDENTIALS[config.transport === "stdio" ? "stdio" : "http"];
    const credentials = readDraftCredentials(this.red, draft, { ...stored, refusal: REFUSAL });
    const settings = readServerConfig(config, credentials, fill);
    const addLine = (line: string) => {
      const text = toPrintable(redact(line, settings.secrets)).slice(0, MAX_LINE_CHARS);
      // A program is started again in the older protocol, and often says the same again.
      const former = lines.indexOf(text);
      if (former >= 0) lines.splice(former, 1);
      lines.push(text);
      if (lines.length > MAX_LINES) lines.shift();
    };
    return {
      id,
      connection: new McpConnection(settings, systemClock, { onLog: addLine, onProblem: addLine }),
    };
  }
}
