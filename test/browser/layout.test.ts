import assert from "node:assert/strict";
import { EXAMPLES } from "../support/flows/examples.js";
import {
  DASHBOARD,
  type NodeRedProcess,
  TELEGRAM,
  VERSIONS,
  type Version,
} from "../support/runtime/node-red-process.js";
import { deployFlows } from "../support/runtime/started-flows.js";
import { Editor } from "./editor.js";
import { findFaults, readDrawings } from "./layout.js";
import { PACKAGE, world } from "./world.js";

/** The screen of a common laptop. */
const LAPTOP = { width: 1440, height: 900 };

for (const version of Object.keys(VERSIONS) as Version[])
  describe(`Layout of the examples in the editor of ${VERSIONS[version].label}`, function () {
    this.timeout(120_000);
    let red: NodeRedProcess;

    before(async () => {
      red = await world.startNodeRedWith([PACKAGE, DASHBOARD, TELEGRAM], version);
      // Nothing has to run to be drawn.
      const flows = EXAMPLES.flatMap(({ nodes }) => nodes).map((node) =>
        node.type === "tab" ? { ...node, disabled: true } : node,
      );
      await deployFlows(red.url, flows);
    });
    after(() => red.stop());

    it("leaves room between nodes, hides no wire, and fits beside the sidebar of a laptop", async () => {
      const page = await world.browser.newPage();
      await page.setViewportSize(LAPTOP);
      await new Editor(page, red.url).open();
      const tabs = EXAMPLES.map(({ nodes }) => nodes.find(({ type }) => type === "tab")!.id);
      const faults: string[] = [];
      for (const [at, drawing] of (await readDrawings(page, tabs)).entries()) {
        const { path, nodes } = EXAMPLES[at]!;
        assert.equal(drawing.nodes.length, nodes.filter(({ x }) => x !== undefined).length, path);
        faults.push(...findFaults(drawing).map((fault) => `${path}: ${fault}`));
      }
      assert.deepEqual(faults, []);
    });
  });
