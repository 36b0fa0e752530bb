import assert from "node:assert/strict";
import fc from "fast-check";
import { Sequencer } from "../../../src/node-red/messages/sequencer.js";

interface Item {
  parts: { index: number };
  label: string;
}

const item = (index: number, label = ""): Item => ({ parts: { index }, label });

/** Adds items and takes those that are due after each. */
function run(sequencer: Sequencer<Item>, items: readonly Item[]): number[] {
  const taken: number[] = [];
  for (const one of items) {
    sequencer.add(one);
    for (let next = sequencer.take(); next; next = sequencer.take()) taken.push(next.parts.index);
  }
  return taken;
}

describe("Sequencer", () => {
  it("takes shuffled and repeated items once each, in the order of their indexes", () => {
    fc.assert(
      fc.property(fc.nat({ max: 30 }), fc.infiniteStream(fc.nat()), (length, numbers) => {
        const ordered = Array.from({ length }, (_, index) => index);
        const shuffled = [...ordered, ...ordered]
          .map((index) => ({ index, key: numbers.next().value as number }))
          .sort((a, b) => a.key - b.key);
        const taken = run(
          new Sequencer(),
          shuffled.map(({ index }) => item(index)),
        );
        assert.deepEqual(taken, ordered);
      }),
    );
  });

  it("returns the dropped item: the late one after its index was taken, else the older one", () => {
    const sequencer = new Sequencer<Item>();
    const [early, earlyAgain, late] = [item(1, "early"), item(1, "early again"), item(1, "late")];
    assert.equal(sequencer.add(early), undefined);
    assert.equal(sequencer.add(earlyAgain), early);
    sequencer.add(item(0));
    assert.equal(sequencer.take()?.parts.index, 0);
    assert.equal(sequencer.take(), earlyAgain);
    assert.equal(sequencer.add(late), late);
    assert.equal(sequencer.take(), undefined);
  });

  it("replaces an item that is due but not taken yet by a repeated one", () => {
    const sequencer = new Sequencer<Item>(4);
    const [first, second] = [item(4, "first"), item(4, "second")];
    sequencer.add(first);
    assert.equal(sequencer.add(second), first);
    assert.equal(sequencer.take(), second);
    assert.equal(sequencer.next, 5);
  });

  it("takes an item once that is repeated when it is due", () => {
    const sequencer = new Sequencer<Item>();
    const [early, again] = [item(1, "early"), item(1, "again")];
    for (const one of [early, item(0)]) sequencer.add(one);
    assert.equal(sequencer.take()?.parts.index, 0);
    assert.equal(sequencer.add(again), early);
    assert.equal(sequencer.take(), again);
    assert.equal(sequencer.earlyCount, 0);
  });

  it("returns each item that it drops, also those that may be none of the sequence", () => {
    const isDoubtful = ({ label }: Item) => label === "doubtful";
    const [doubtful, again, real, early] = [item(0, "doubtful"), item(0, "doubtful"), item(0), item(2)];
    const sequencer = new Sequencer<Item>(0, isDoubtful);
    assert.equal(sequencer.add(doubtful), undefined);
    assert.equal(sequencer.add(again), again);
    assert.equal(sequencer.add(real), doubtful);
    assert.equal(sequencer.add(again), again);
    sequencer.add(early);
    assert.deepEqual(new Set(sequencer.clear()), new Set([real, early]));
    assert.equal(sequencer.take(), undefined);

    const waiting = new Sequencer<Item>(0, isDoubtful);
    for (const one of [doubtful, early]) waiting.add(one);
    assert.deepEqual(new Set(waiting.clear()), new Set([doubtful, early]));
    assert.equal(waiting.trustDoubtful(), false);
  });

  it("skips no message if the first one is in doubt", () => {
    const sequencer = new Sequencer<Item>(0, ({ label }) => label === "doubtful");
    run(sequencer, [item(0, "doubtful"), item(1)]);
    assert.equal(sequencer.skipGap(), 0);
    assert.deepEqual([sequencer.take()?.label, sequencer.take()?.parts.index], ["doubtful", 1]);
  });

  it("skips missing items and says how many they are", () => {
    const sequencer = new Sequencer<Item>();
    assert.equal(sequencer.skipGap(), 0);
    assert.deepEqual(run(sequencer, [item(0), item(5), item(3)]), [0]);
    assert.equal(sequencer.earlyCount, 2);
    assert.equal(sequencer.skipGap(), 2);
    assert.equal(sequencer.take()?.parts.index, 3);
    assert.equal(sequencer.take(), undefined);
    assert.equal(sequencer.earlyCount, 1);
  });

  it("lists at most 20 missing items in the failure", () => {
    const sequencer = new Sequencer<Item>(2);
    run(sequencer, [item(3), item(5)]);
    const failure = sequencer.createGapFailure();
    assert.equal(failure.code, "bad_response");
    assert.equal(failure.message, "The stream arrived with gaps: messages 2, 4 are missing.");
    run(sequencer, [item(24)]);
    assert.match(sequencer.createGapFailure().message, /messages 2, 4, 6, .*, 22, 23 are missing/);
    run(sequencer, [item(100)]);
    assert.match(sequencer.createGapFailure().message, /messages 2, 4, 6, (\d+, ){17}… are missing/);
  });

  it("is overfull when more than 10,000 items wait, and empty after clear", () => {
    const sequencer = new Sequencer<Item>();
    for (let index = 1; index <= 10_000; index++) sequencer.add(item(index));
    assert.equal(sequencer.isOverfull, false);
    sequencer.add(item(10_001));
    assert.equal(sequencer.isOverfull, true);
    assert.equal(sequencer.clear().length, 10_001);
    assert.equal(sequencer.earlyCount, 0);
  });
});
