import assert from "node:assert/strict";
import fc from "fast-check";
import { Channel } from "../../../src/core/lifecycle/channel.js";
import { waitTicks } from "../../support/waiting.js";

describe("Channel", () => {
  it("gives the items in order, those pushed before and during reading", async () => {
    const channel = new Channel<number>((_first, second) => second);
    channel.push(1);
    const read = readAll(channel);
    await waitTicks();
    channel.push(2);
    channel.push(3);
    await waitTicks();
    channel.push(4);
    channel.end();
    assert.deepEqual(await read, [1, 2, 3, 4]);
  });

  it("gives nothing if it ends empty", async () => {
    const channel = new Channel<number>((_first, second) => second);
    channel.end();
    assert.deepEqual(await readAll(channel), []);
  });

  it("merges new items into the last if 256 items wait", async () => {
    const channel = new Channel<string>((first, second) => first + second);
    for (let at = 0; at < 1_000; at++) channel.push("x");
    channel.end();
    const items = await readAll(channel);
    assert.equal(items.length, 256);
    assert.equal(items.at(-1), "x".repeat(745));
  });

  it("loses and repeats no item, however pushing and reading alternate", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(600), { maxLength: 8 }), async (bursts) => {
        const channel = new Channel<number[]>((first, second) => [...first, ...second]);
        const read = readAll(channel);
        let next = 0;
        for (const burst of bursts) {
          for (let at = 0; at < burst; at++) channel.push([next++]);
          if (burst % 2) await waitTicks(1);
        }
        channel.end();
        assert.deepEqual((await read).flat(), [...Array(next).keys()]);
      }),
      { numRuns: 50 },
    );
  });
});

async function readAll<T>(channel: Channel<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of channel.read()) items.push(item);
  return items;
}
