// A context store in files that ends its process at one of its writes, as a crash does. Loaded by the settings of Node-RED.
const { createRequire } = require("node:module");

const LocalFileSystem = createRequire(process.argv[1])("@node-red/runtime/lib/nodes/context/localfilesystem");

/** @param {{ cache: false, crashAt?: number, crashWhen?: "before" | "after" }} config */
module.exports = (config) => {
  const store = LocalFileSystem(config);
  const set = store.set;
  const crash = () => process.kill(process.pid, "SIGKILL");
  let writes = 0;
  store.set = function (scope, key, value, callback) {
    const isCrash = ++writes === config.crashAt;
    // As a slow disk does it: what does not wait for the write is done before the crash.
    if (isCrash && config.crashWhen === "before") setTimeout(crash, 50);
    else set.call(this, scope, key, value, isCrash ? crash : callback);
  };
  return store;
};
