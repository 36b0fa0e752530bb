/** Where the node under test is wired to: hands each message to the bench that runs in the same process. */
module.exports = (RED) => {
  function Sink(config) {
    RED.nodes.createNode(this, config);
    const deliver = globalThis.benchDeliver;
    this.on("input", (msg, _send, done) => {
      deliver(msg);
      done();
    });
  }
  RED.nodes.registerType("bench-sink", Sink);
};
