import assert from "node:assert/strict";
import { Slices } from "../../../src/core/lifecycle/slices.js";

describe("Slices of many tasks", () => {
  /** Callbacks for the end of the turn. */
  let due: (() => void)[];
  let ran: number[];
  let slices: Slices;

  beforeEach(() => {
    due = [];
    ran = [];
    slices = new Slices({ afterReads: (callback) => due.push(callback) }, 3);
  });

  function endTurn(): void {
    for (const callback of due.splice(0)) callback();
  }

  function add(...tasks: number[]): void {
    for (const task of tasks) slices.run(() => ran.push(task));
  }

  it("run at once as long as a turn has room, the others in later turns, in order", () => {
    add(1, 2, 3, 4, 5, 6, 7);
    assert.deepEqual(ran, [1, 2, 3]);
    endTurn();
    assert.deepEqual(ran, [1, 2, 3, 4, 5, 6]);
    add(8);
    endTurn();
    assert.deepEqual(ran, [1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("run a new task at once again after a turn in which none waited", () => {
    add(1, 2, 3, 4);
    endTurn();
    endTurn();
    assert.equal(due.length, 0, "nothing is left to call back");
    add(5);
    assert.deepEqual(ran, [1, 2, 3, 4, 5]);
  });

  it("run a task that is added by another one behind those that wait", () => {
    slices.run(() => add(5, 6));
    add(1, 2, 3, 4);
    for (let turn = 0; turn < 3; turn++) endTurn();
    assert.deepEqual(ran, [5, 6, 1, 2, 3, 4]);
    slices.run(() => {});
    slices.run(() => {});
    slices.run(() => {});
    slices.run(() => add(9));
    add(7, 8);
    for (let turn = 0; turn < 3; turn++) endTurn();
    assert.deepEqual(ran.slice(6), [7, 8, 9]);
  });

  it("run all at once when they are flushed, and none of them again", () => {
    add(1, 2, 3, 4, 5, 6, 7);
    slices.flush();
    assert.deepEqual(ran, [1, 2, 3, 4, 5, 6, 7]);
    endTurn();
    endTurn();
    assert.equal(ran.length, 7);
  });
});
