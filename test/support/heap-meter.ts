import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Creates a function that collects garbage and then tells how much memory is in use, in bytes. */
export function createHeapMeter(): () => number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  return () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
}
