/** The end of the flow: hands each message to the bench, which runs in the same process (see ../node-red.mjs). */
module.exports = (RED) => {
  function SinkNode(config) {
    RED.nodes.createNode(this, config);
    const deliver = globalThis.benchDeliver;
    this.on("input", (msg, _send, done) => {
      deliver(msg);
      done();
    });
  }
  RED.nodes.registerType("bench-sink", SinkNode);
};
