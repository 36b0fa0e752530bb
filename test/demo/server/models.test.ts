import assert from "node:assert/strict";
import { DemoError } from "../../../src/demo/errors.js";
import { buildRefusal, FaultCounter } from "../../../src/demo/server/faults.js";
import { FAULTS, MODEL_IDS, readModel } from "../../../src/demo/server/models.js";

function refusalOf(id: string): DemoError {
  try {
    readModel(id, 30);
  } catch (error) {
    assert.ok(error instanceof DemoError);
    return error;
  }
  throw new Error(`${id} is accepted.`);
}

describe("A demo model id", () => {
  it("can be used if it is listed", () => {
    for (const id of MODEL_IDS) assert.equal(readModel(id, 30).id, id);
  });

  it("sets the pace by its base or its own setting, else the server does", () => {
    assert.equal(readModel("demo", 30).pace, 30);
    assert.equal(readModel("demo-fast", 30).pace, 120);
    assert.equal(readModel("demo-fast", 0).pace, 0);
    assert.equal(readModel("demo-slow", 0).pace, 4);
    assert.equal(readModel("demo-slow:pace=12.5", 30).pace, 12.5);
  });

  it("makes the model reason only if its base does", () => {
    assert.equal(readModel("demo-reasoning:fault=drop", 30).reasons, true);
    assert.equal(readModel("demo", 30).reasons, false);
  });

  it("requests a fault, with defaults for what it leaves out", () => {
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

  it("is not found if its base is unknown", () => {
    assert.equal(refusalOf("gpt-4o").status, 404);
    assert.equal(refusalOf("gpt-4o").buildBody().error.code, "model_not_found");
    assert.equal(refusalOf("").status, 404);
  });

  it("is refused with the allowed values if a setting is wrong", () => {
    assert.equal(refusalOf("demo:fault=fire").status, 400);
    for (const fault of FAULTS)
      assert.match(refusalOf("demo:fault=fire").message, new RegExp(`\\b${fault}\\b`));
    assert.match(refusalOf("demo:speed=3").message, /pace, fault, after, times, retry-after/);
    assert.match(refusalOf("demo:").message, /Allowed are/);
    assert.match(refusalOf("demo:pace=fast").message, /number from 0 to/);
    assert.match(refusalOf("demo:fault=drop&after=1.5").message, /whole number/);
    assert.match(refusalOf("demo:fault=drop&after=-1").message, /whole number/);
    assert.match(refusalOf("demo:fault=drop&times=0").message, /from 1/);
    assert.match(refusalOf("demo:after=3").message, /needs a 'fault'/);
    assert.match(refusalOf("demo:pace=1&pace=2").message, /set twice/);
  });
});

describe("The demo server's fault counter", () => {
  it("fails the first requests, lets one succeed, and starts again", () => {
    const counter = new FaultCounter();
    const model = readModel("demo:fault=500&times=2", 30);
    const failed = Array.from({ length: 6 }, () => counter.next(model) !== undefined);
    assert.deepEqual(failed, [true, true, false, true, true, false]);
  });

  it("fails every request if `times` is not set, and none without a fault", () => {
    const counter = new FaultCounter();
    assert.ok(counter.next(readModel("demo:fault=500", 30)) && counter.next(readModel("demo:fault=500", 30)));
    assert.equal(counter.next(readModel("demo", 30)), undefined);
  });

  it("counts each model id separately", () => {
    const counter = new FaultCounter();
    assert.ok(counter.next(readModel("demo:fault=500&times=1", 30)));
    assert.ok(counter.next(readModel("demo:times=1&fault=500", 30)));
  });

  it("forgets the oldest of a thousand ids", () => {
    const counter = new FaultCounter();
    const first = readModel("demo:fault=500&times=1&after=0", 30);
    counter.next(first);
    for (let at = 1; at <= 1_000; at++) counter.next(readModel(`demo:fault=500&times=1&after=${at}`, 30));
    assert.ok(counter.next(first), "The oldest id is still counted.");
  });

  it("keeps an id that is used while a thousand others come", () => {
    const counter = new FaultCounter();
    const used = readModel("demo:fault=500&times=2&after=0", 30);
    counter.next(used);
    for (let at = 1; at < 1_000; at++) counter.next(readModel(`demo:fault=500&times=1&after=${at}`, 30));
    counter.next(used);
    counter.next(readModel("demo:fault=500&times=1&after=1000", 30));
    assert.equal(counter.next(used), undefined, "The third request fails, so the first two were forgotten.");
  });

  it("rounds Retry-After up to whole seconds, with the exact time in retry-after-ms", () => {
    const headers = buildRefusal(readModel("demo:fault=429&retry-after=0.05", 30).fault!)?.details.headers;
    assert.deepEqual(headers, { "retry-after": "1", "retry-after-ms": "50" });
  });
});
