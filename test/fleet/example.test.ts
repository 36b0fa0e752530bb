import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXAMPLES } from "../support/flows/examples.js";
import { installInto, PACKAGE, startNodeRed } from "../support/runtime/node-red-process.js";
import { Mosquitto } from "../support/services/mosquitto.js";
import { waitUntil } from "../support/waiting.js";

describe("Example of a front and a worker", () => {
  const folder = mkdtempSync(join(tmpdir(), "fleet-example-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("asks over the broker, and shows the worker's answer", async () => {
    const broker = await Mosquitto.start(folder);
    const { nodes } = EXAMPLES.find(({ title }) => title === "A front and a worker")!;
    const flows = nodes.map((node) => {
      if (node.type === "mqtt-broker") return { ...node, port: broker.port };
      return node.type === "debug" ? { ...node, console: true } : node;
    });
    const userDir = join(folder, "node-red");
    installInto(userDir, [PACKAGE]);
    const red = await startNodeRed({ version: process.env["NODE_RED"] === "4" ? "4" : "5", userDir, flows });
    try {
      await waitUntil(() => red.getOutput().includes("Connected to broker"), "the broker is reached");
      const button = nodes.find(({ name }) => name === "Ask a worker")!;
      await fetch(`${red.url}/inject/${button.id}`, { method: "POST" });
      await waitUntil(() => red.getOutput().includes("[debug:Whole answer]"), "an answer comes");
      const chunks = red.getOutput().match(/\[debug:Each chunk\]/g) ?? [];
      assert.ok(chunks.length > 1, red.getOutput());
      assert.doesNotMatch(red.getOutput(), /\[debug:Unfinished\]|\[error\]/);
    } finally {
      await Promise.all([red.kill(), broker.stop()]);
    }
  });
});
