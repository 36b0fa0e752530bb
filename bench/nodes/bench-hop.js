/** A node that passes every message on and does nothing else. */
module.exports = (RED) => {
  function HopNode(config) {
    RED.nodes.createNode(this, config);
    this.on("input", (msg, send, done) => {
      send(msg);
      done();
    });
  }
  RED.nodes.registerType("bench-hop", HopNode);
};
