import assert from "node:assert/strict";
import type { Repeat } from "../../../src/dialects/template/repeat.js";
import { Repeats } from "../../../src/dialects/template/repeats.js";

const write = (text: string, id: number, count = 0) => JSON.stringify({ id, text, usage: { count } });

/** A reader of records, with what it has read. */
class World {
  readonly read: string[] = [];
  readonly settled: unknown[] = [];
  readonly repeats = new Repeats(8);
  private readonly repeat: Repeat = {
    texts: ["/text"],
    latest: ["/usage"],
    apply: ([text]) => this.read.push(text!),
    settle: (record) => this.settled.push(record["usage"]),
  };

  learn(data: string): void {
    this.repeats.learn(data, () => this.repeat);
  }
}

describe("Repeated records", () => {
  it("are read only after a record was learnt", () => {
    const world = new World();
    assert.equal(world.repeats.read(write("a", 1)), false);
    world.learn(write("a", 1));
    assert.equal(world.repeats.read(write("b", 1)), true);
    assert.deepEqual(world.read, ["b"]);
  });

  it("are compared only with the record that was learnt last", () => {
    const world = new World();
    world.learn(write("a", 1));
    world.learn(write("a", 2));
    assert.equal(world.repeats.read(write("b", 1)), false);
    assert.equal(world.repeats.read(write("b", 2)), true);
    world.repeats.learn("{}", undefined);
    assert.equal(world.repeats.read(write("b", 2)), false);
  });

  it("are not looked for in another response, until a record of it was learnt", () => {
    const world = new World();
    world.learn(write("a", 1));
    assert.equal(world.repeats.read(write("b", 1)), true);
    world.repeats.forget();
    assert.equal(world.repeats.read(write("c", 1)), false);
    world.learn(write("c", 1));
    world.repeats.forget();
    assert.equal(world.repeats.read(write("d", 1)), false);
    world.learn(write("d", 1));
    assert.equal(world.repeats.read(write("e", 1)), true);
  });

  it("settle what only the last of them needs, once", () => {
    const world = new World();
    world.repeats.settle();
    world.learn(write("a", 1, 1));
    assert.equal(world.repeats.read(write("b", 1, 1)), true);
    world.repeats.settle();
    assert.deepEqual(world.settled, [], "nothing has changed");
    assert.equal(world.repeats.read(write("c", 1, 2)), false);
    world.learn(write("c", 1, 2));
    assert.equal(world.repeats.read(write("d", 1, 2)), true);
    assert.equal(world.repeats.read(write("e", 1, 3)), true);
    world.repeats.settle();
    world.repeats.settle();
    assert.deepEqual(world.settled, [{ count: 3 }]);
  });

  it("are looked for no longer if no record repeats the one before", () => {
    const world = new World();
    for (let id = 0; id < 40; id++) {
      assert.equal(world.repeats.read(write("a", id)), false);
      world.learn(write("a", id));
    }
    assert.equal(world.repeats.read(write("b", 39)), false);
    world.learn(write("a", 1));
    assert.equal(world.repeats.read(write("b", 1)), false);
  });

  it("are looked for as long as some are found", () => {
    const world = new World();
    for (let id = 0; id < 40; id++) {
      world.learn(write("a", id));
      assert.equal(world.repeats.read(write("b", id)), true);
    }
  });
});
