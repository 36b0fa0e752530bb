import assert from "node:assert/strict";
import type { RuntimeNode } from "../../../src/node-red/red/api.js";
import { logDetail, logWarning, WarnOnce } from "../../../src/node-red/red/log.js";

describe("Warning that is told once", () => {
  it("reaches the author once for each text", () => {
    const told: unknown[] = [];
    const warnings = new WarnOnce({ warn: (text: unknown) => told.push(text) } as unknown as RuntimeNode);
    for (const text of ["a", "b", "a", "b", "c"]) warnings.warn(text);
    assert.deepEqual(told, ["a", "b", "c"]);
  });

  it("stays away once a hundred texts were told, so that made-up names cannot fill the memory or the log", () => {
    const told: unknown[] = [];
    const warnings = new WarnOnce({ warn: (text: unknown) => told.push(text) } as unknown as RuntimeNode);
    for (let nth = 0; nth < 1000; nth++) warnings.warn(`${nth}`);
    assert.equal(told.length, 100);
  });
});

describe("Line of the log", () => {
  it("is printable, whoever has written what it quotes", () => {
    const told: unknown[] = [];
    const node = { warn: (text: unknown) => told.push(text), debug: (text: unknown) => told.push(text) };
    const forged = "No tool “x\r\n[info] all is well\x1b[2J”.";
    logWarning(node, forged);
    logDetail(node, forged);
    new WarnOnce(node as unknown as RuntimeNode).warn(forged);
    assert.deepEqual(told, Array(3).fill("No tool “x [info] all is well\ufffd[2J”."));
  });
});
