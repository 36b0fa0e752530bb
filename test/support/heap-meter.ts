import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Collections in a row. What the first one finds to be free may hold more, which only the next one finds. */
const COLLECTIONS = 3;

/** Creates a function that collects garbage and then tells how much memory is in use, in bytes. */
export function createHeapMeter(): () => number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  return () => {
    for (let times = 0; times < COLLECTIONS; times++) collect();
    return process.memoryUsage().heapUsed;
  };
}
