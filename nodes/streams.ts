import { addLiveViewRoutes } from "../src/node-red/live-view/admin-routes.js";
import type { NodeRed } from "../src/node-red/red/api.js";

/** A tab of the editor's sidebar that shows the streams of all nodes. A plugin: it is no node, and flows do not know it. */
export = function streams(red: NodeRed): void {
  addLiveViewRoutes(red);
};
