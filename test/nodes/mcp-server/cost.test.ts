import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "../../support/root.js";

/** Lists the packages for MCP that a script has loaded in the end, in a process of its own. */
function listLoaded(script: string): string[] {
  const code = `${script}
    const found = Object.keys(require.cache).map((file) => /@modelcontextprotocol.(\\w+)/.exec(file)?.[1]);
    process.stdout.write(JSON.stringify([...new Set(found.filter(Boolean))].sort()));
    process.exit();`;
  const { stdout, stderr } = spawnSync(process.execPath, [...process.execArgv, "-e", code], {
    cwd: ROOT,
    encoding: "utf8",
  });
  assert.ok(stdout.startsWith("["), stderr);
  return JSON.parse(stdout) as string[];
}

const load = (type: string) => `require(${JSON.stringify(join(ROOT, "nodes", `${type}.ts`))});`;

describe("What MCP costs", () => {
  it("loads no package for MCP with the nodes, only when a server is first used", () => {
    const nodes = ["mcp-server", "tool-call-router", "chat-endpoint"].map(load).join("\n");
    assert.deepEqual(listLoaded(nodes), []);
    const library = JSON.stringify(join(ROOT, "src/mcp/load-client.ts"));
    assert.ok(listLoaded(`${nodes}\nrequire(${library}).loadClientLibrary();`).includes("client"));
  });
});
