// `npm run bench [-- --quick] [--scenario=…] [--only=…]`: installs the SDKs to compare with, builds the package and runs
// the benchmark on Node.js 24, which the SDKs and Node-RED 5 need. It writes the tables to build/bench.md, and the figures
// of every turn to build/bench.json.
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, node24, root, run } from "./setup.mjs";

ensureInstalled();
ensureInstalled(join(root, "bench"));
ensureBuilt();
run(node24, [join(root, "bench/run.mjs"), ...process.argv.slice(2)]);
