import assert from "node:assert/strict";
import { EffectQueue } from "../../../../src/node-red/tool-call-router/kept/effect-queue.js";
import type { RunEffect } from "../../../../src/node-red/tool-call-router/run-events.js";
import { waitTicks } from "../../../support/waiting.js";

/** Creates an effect that only its name tells from others. */
const effect = (name: string) => ({ type: name }) as unknown as RunEffect;

describe("Effect queue", () => {
  it("carries out what is added while an effect is carried out after it, and after those that wait", async () => {
    const done: string[] = [];
    const queue: EffectQueue = new EffectQueue(
      ({ type }) => {
        done.push(`begin ${type}`);
        if (String(type) === "a") queue.add([effect("c")]);
        done.push(`end ${type}`);
        return undefined;
      },
      () => {},
    );
    queue.add([effect("a"), effect("b")]);
    await waitTicks();
    assert.deepEqual(done, ["begin a", "end a", "begin b", "end b", "begin c", "end c"]);
  });

  it("holds back what stands behind an effect that takes time, and goes on after each failure", async () => {
    const done: string[] = [];
    const failures: string[] = [];
    let finish = () => {};
    const queue = new EffectQueue(
      ({ type: name }) => {
        const type = String(name);
        done.push(type);
        if (type === "throws") throw new Error(type);
        if (type === "rejects") return Promise.reject(new Error(type));
        return type === "slow" ? new Promise((resolve) => (finish = resolve)) : undefined;
      },
      (thrown) => failures.push((thrown as Error).message),
    );
    queue.add(["throws", "rejects", "slow", "behind"].map(effect));
    await waitTicks();
    queue.add([effect("later")]);
    assert.deepEqual(done, ["throws", "rejects", "slow"]);
    finish();
    await waitTicks();
    assert.deepEqual(done, ["throws", "rejects", "slow", "behind", "later"]);
    assert.deepEqual(failures, ["throws", "rejects"]);
  });
});
