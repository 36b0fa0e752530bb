// Nodes that take what a test emits as from Telegram, and emit what they would send there.
module.exports = (RED) => {
  function registerSource(type, name) {
    RED.nodes.registerType(type, function (config) {
      RED.nodes.createNode(this, config);
      const send = (payload) => this.send({ payload });
      RED.events.on(name, send);
      this.on("close", () => RED.events.off(name, send));
    });
  }
  RED.nodes.registerType("telegram bot", function (config) {
    RED.nodes.createNode(this, config);
  });
  registerSource("telegram receiver", "telegram:message");
  registerSource("telegram event", "telegram:button");
  RED.nodes.registerType("telegram sender", function (config) {
    RED.nodes.createNode(this, config);
    this.on("input", (msg, _send, done) => {
      RED.events.emit("telegram:sent", msg.payload);
      done();
    });
  });
};
