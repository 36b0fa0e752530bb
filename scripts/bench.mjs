// `npm run bench [-- --quick] [--scenario=…] [--only=…]`: installs the peers, builds the package and runs the benchmark on Node.js 24, which the
// peers and Node-RED 5 ask for. The tables go to build/bench.md, and with every turn's figures to build/bench.json.
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, node24, root, run } from "./setup.mjs";

ensureInstalled();
ensureInstalled(join(root, "bench"));
ensureBuilt();
run(node24, [join(root, "bench/run.mjs"), ...process.argv.slice(2)]);
