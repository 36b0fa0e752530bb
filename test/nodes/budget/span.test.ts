import assert from "node:assert/strict";
import { findSpan } from "../../../src/node-red/budget/span.js";

const QUARTER_MS = 900_000;

/** Nights in which the clock is put forward or back, at several hours and by whole hours. */
const NIGHTS = [
  ["Europe/Berlin", "2026-03-28"],
  ["Europe/Berlin", "2026-10-24"],
  ["America/New_York", "2026-10-31"],
  ["America/Havana", "2026-03-07"],
  ["America/Havana", "2026-10-31"],
  ["Africa/Cairo", "2026-10-29"],
  ["Asia/Beirut", "2026-03-28"],
  ["America/St_Johns", "2026-10-31"],
  ["Asia/Kathmandu", "2026-12-31"],
  ["UTC", "2028-02-28"],
] as const;

describe("The span of a budget", () => {
  const { TZ } = process.env;
  afterEach(() => {
    if (TZ === undefined) delete process.env["TZ"];
    else process.env["TZ"] = TZ;
  });

  for (const [zone, day] of NIGHTS) {
    it(`holds each moment once around ${day} in ${zone}`, () => {
      process.env["TZ"] = zone;
      const from = Date.parse(day);
      for (const window of ["hour", "day", "month", 60, 7200] as const) {
        for (let now = from; now < from + 3 * 86_400_000; now += QUARTER_MS) {
          const span = findSpan(window, now);
          const name = `${window} at ${new Date(now).toISOString()}`;
          assert.ok(span.start <= now && now < span.end, name);
          for (const moment of [span.start, span.end - 1])
            assert.deepEqual(findSpan(window, moment), span, name);
          assert.equal(findSpan(window, span.end).start, span.end, name);
        }
      }
    });
  }

  it("begins with the hour of the zone, also beside the hours of UTC", () => {
    for (const zone of ["Asia/Kathmandu", "America/St_Johns", "UTC"]) {
      process.env["TZ"] = zone;
      const start = new Date(findSpan("hour", Date.parse("2026-06-01T12:34:56Z")).start);
      assert.deepEqual([start.getMinutes(), start.getSeconds()], [0, 0], zone);
    }
  });
});
