import assert from "node:assert/strict";
import fc from "fast-check";
import { Channel } from "../../src/core/channel.js";
import { turns } from "../support/waiting.js";

describe("A channel", () => {
  it("gives what was pushed, in order, before and after its end", async () => {
    const channel = new Channel<number>(() => {});
    channel.push(1);
    const read = all(channel);
    await turns();
    channel.push(2);
    channel.push(3);
    await turns();
    channel.push(4);
    channel.end();
    assert.deepEqual(await read, [1, 2, 3, 4]);
  });

  it("that ended empty gives nothing", async () => {
    const channel = new Channel<number>(() => {});
    channel.end();
    assert.deepEqual(await all(channel), []);
  });

  it("asks its source to pause when much waits, and to go on once that is read", async () => {
    const asked: boolean[] = [];
    const channel = new Channel<number>((full) => asked.push(full));
    for (let at = 0; at < 255; at++) channel.push(at);
    assert.deepEqual(asked, []);
    channel.push(255);
    channel.push(256);
    assert.deepEqual(asked, [true]);
    const items = channel.items();
    for (let at = 0; at < 257; at++) await items.next();
    assert.deepEqual(asked, [true]);
    const last = items.next();
    await turns();
    assert.deepEqual(asked, [true, false]);
    channel.end();
    assert.equal((await last).done, true);
  });

  it("counts a few heavy items as much", async () => {
    const asked: boolean[] = [];
    const channel = new Channel<string>((full) => asked.push(full));
    channel.weigh(2_000_000);
    assert.deepEqual(asked, []);
    channel.push("a");
    channel.weigh(1_000_000);
    assert.deepEqual(asked, [true]);
    channel.end();
    assert.deepEqual(await all(channel), ["a"]);
    assert.deepEqual(asked, [true, false]);
  });

  it("loses and doubles nothing, however pushing and reading alternate", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(300), { maxLength: 8 }), async (bursts) => {
        const channel = new Channel<number>(() => {});
        const read = all(channel);
        let next = 0;
        for (const burst of bursts) {
          for (let at = 0; at < burst; at++) channel.push(next++);
          if (burst % 2) await turns(1);
        }
        channel.end();
        assert.deepEqual(await read, [...Array(next).keys()]);
      }),
      { numRuns: 50 },
    );
  });
});

async function all<T>(channel: Channel<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of channel.items()) items.push(item);
  return items;
}
