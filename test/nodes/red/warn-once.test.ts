import assert from "node:assert/strict";
import type { RuntimeNode } from "../../../src/node-red/red/api.js";
import { WarnOnce } from "../../../src/node-red/red/warn-once.js";

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
