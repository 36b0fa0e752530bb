import assert from "node:assert/strict";
import { ApiError } from "../../../src/demo/errors.js";
import { FaultCycle, refusal } from "../../../src/demo/server/faults.js";
import { FAULTS, MODEL_IDS, readModel } from "../../../src/demo/server/models.js";

function refused(id: string): ApiError {
  try {
    readModel(id, 30);
  } catch (error) {
    assert.ok(error instanceof ApiError);
    return error;
  }
  throw new Error(`${id} was accepted`);
}

describe("demo model ids", () => {
  it("can all be used as they are listed", () => {
    for (const id of MODEL_IDS) assert.equal(readModel(id, 30).id, id);
  });

  it("set the pace by their base, by their own setting, or by the server", () => {
    assert.equal(readModel("demo", 30).pace, 30);
    assert.equal(readModel("demo-fast", 30).pace, 120);
    assert.equal(readModel("demo-fast", 0).pace, 0);
    assert.equal(readModel("demo-slow", 0).pace, 4);
    assert.equal(readModel("demo-slow:pace=12.5", 30).pace, 12.5);
  });

  it("reason only where the base does", () => {
    assert.equal(readModel("demo-reasoning:fault=drop", 30).reasons, true);
    assert.equal(readModel("demo", 30).reasons, false);
  });

  it("describe a fault with its defaults", () => {
    assert.deepEqual(readModel("demo:fault=drop", 30).fault, {
      kind: "drop",
      after: 5,
      times: undefined,
      retryAfter: undefined,
    });
    assert.deepEqual(readModel("demo:fault=429&times=2", 30).fault, {
      kind: "429",
      after: 5,
      times: 2,
      retryAfter: 1,
    });
  });

  it("are not found where the base is unknown", () => {
    assert.equal(refused("gpt-4o").status, 404);
    assert.equal(refused("gpt-4o").body().error.code, "model_not_found");
    assert.equal(refused("").status, 404);
  });

  it("are refused with what is allowed where a setting is wrong", () => {
    assert.equal(refused("demo:fault=fire").status, 400);
    for (const fault of FAULTS)
      assert.match(refused("demo:fault=fire").message, new RegExp(`\\b${fault}\\b`));
    assert.match(refused("demo:speed=3").message, /pace, fault, after, times, retry-after/);
    assert.match(refused("demo:").message, /Allowed are/);
    assert.match(refused("demo:pace=fast").message, /number from 0 to/);
    assert.match(refused("demo:fault=drop&after=1.5").message, /whole number/);
    assert.match(refused("demo:fault=drop&after=-1").message, /whole number/);
    assert.match(refused("demo:fault=drop&times=0").message, /from 1/);
    assert.match(refused("demo:after=3").message, /needs a 'fault'/);
    assert.match(refused("demo:pace=1&pace=2").message, /twice/);
  });
});

describe("demo fault cycle", () => {
  it("strikes the first few requests, lets one through, and begins again", () => {
    const cycle = new FaultCycle();
    const model = readModel("demo:fault=500&times=2", 30);
    const struck = Array.from({ length: 6 }, () => cycle.next(model) !== undefined);
    assert.deepEqual(struck, [true, true, false, true, true, false]);
  });

  it("strikes always where no number is given, and never without a fault", () => {
    const cycle = new FaultCycle();
    assert.ok(cycle.next(readModel("demo:fault=500", 30)) && cycle.next(readModel("demo:fault=500", 30)));
    assert.equal(cycle.next(readModel("demo", 30)), undefined);
  });

  it("counts each model id for itself", () => {
    const cycle = new FaultCycle();
    assert.ok(cycle.next(readModel("demo:fault=500&times=1", 30)));
    assert.ok(cycle.next(readModel("demo:times=1&fault=500", 30)));
  });

  it("forgets the oldest of very many ids", () => {
    const cycle = new FaultCycle();
    const first = readModel("demo:fault=500&times=1&after=0", 30);
    cycle.next(first);
    for (let at = 1; at <= 1_000; at++) cycle.next(readModel(`demo:fault=500&times=1&after=${at}`, 30));
    assert.ok(cycle.next(first), "remembered");
  });

  it("rounds Retry-After up to whole seconds and gives the exact time beside it", () => {
    const headers = refusal(readModel("demo:fault=429&retry-after=0.05", 30).fault!)?.details.headers;
    assert.deepEqual(headers, { "retry-after": "1", "retry-after-ms": "50" });
  });
});
