import { createRequire } from "node:module";
import type { Message, NodeRed, NodeStatus } from "../../../src/node-red/red/api.js";
import { Inbox } from "./inbox.js";
import type { Credentials, FlowNode, LiveNode } from "./node-red-api.js";
import { NODE_RED, resolveCoreFile } from "./node-red-install.js";

const require_ = createRequire(__filename);

/** The function that a node's module exports. */
type NodeModule = (red: NodeRed) => unknown;

/** The part of node-red-node-test-helper that the tests use. */
interface TestHelper {
  init(runtimePath: string): void;
  startServer(): Promise<void>;
  stopServer(): Promise<void>;
  load(modules: NodeModule[], flow: FlowNode[], credentials?: Credentials): Promise<void>;
  unload(): Promise<void>;
  getNode(id: string): LiveNode | null;
}

/** Loads the module of a node. */
function loadNodeModule(file: string): NodeModule {
  const loaded = require_(file) as NodeModule | { default: NodeModule };
  return typeof loaded === "function" ? loaded : loaded.default;
}

/** Creates the module of a node that does nothing. */
function createStubModule(type: string): NodeModule {
  return (red) => {
    function Stub(this: LiveNode, config: FlowNode): void {
      red.nodes.createNode(this, config);
      this.on("input", (_message, _send, done) => done());
    }
    red.nodes.registerType(type, Stub);
  };
}

/** Types of this package that are loaded for every flow. */
const TYPES = [
  "chat-provider",
  "chat-stream",
  "collect",
  "delta-buffer",
  "speech-stream",
  "budget",
  "tool-call-router",
];

/** A flow that runs in the test helper, with an inbox for each node of type `helper`. */
export class TestFlow {
  private readonly inboxes = new Map<string, Inbox>();
  /** All statuses that chat-stream and collect nodes have set, with the time in milliseconds. */
  readonly statuses: { id: string; status: NodeStatus; at: number }[] = [];

  constructor(
    private readonly helper: TestHelper,
    nodes: readonly FlowNode[],
  ) {
    for (const { id, type } of nodes) {
      if (type === "helper") this.listen(id);
      else if (type === "chat-stream" || type === "collect") this.watch(id);
    }
  }

  getNode(id: string): LiveNode {
    const node = this.helper.getNode(id);
    if (!node) throw new Error(`There is no node ${id}.`);
    return node;
  }

  /** Gives a message to a node, as a wire does. */
  inject(id: string, message: Message): void {
    this.getNode(id).receive(message);
  }

  /** Returns the inbox of a node of type `helper`. @throws if there is none */
  getInbox(id: string): Inbox {
    const inbox = this.inboxes.get(id);
    if (!inbox) throw new Error(`There is no helper node ${id}.`);
    return inbox;
  }

  /** Returns the current status of a node. */
  getStatus(id: string): NodeStatus | undefined {
    return this.statuses.filter((entry) => entry.id === id).at(-1)?.status;
  }

  private listen(id: string): void {
    const inbox = new Inbox();
    this.inboxes.set(id, inbox);
    this.getNode(id).on("input", (message, _send, done) => {
      inbox.push(message);
      done();
    });
  }

  private watch(id: string): void {
    const node = this.getNode(id) as LiveNode & {
      on(event: string, listener: (call: SpyCall) => void): void;
    };
    node.on("call:status", (call) => {
      this.statuses.push({ id, status: call.firstArg, at: performance.now() });
    });
  }
}

/** A call of a method, as the spies of the test helper report it. */
interface SpyCall {
  firstArg: NodeStatus;
}

/**
 * Starts the test helper for the tests of the current suite, with the Node-RED of this leg.
 * @param core core nodes of the flows, as files below `@node-red/nodes/core`
 * @param stubs types of nodes that do nothing
 * @returns a function that loads a flow, which runs until the test ends or the next flow is loaded
 */
export function useHelper(
  core: readonly string[] = [],
  stubs: readonly string[] = [],
): (flow: FlowNode[], credentials?: Credentials) => Promise<TestFlow> {
  const helper = require_("node-red-node-test-helper") as TestHelper;
  const loadModules = () => [
    ...TYPES.map((type) => loadNodeModule(require_.resolve(`../../../nodes/${type}.ts`))),
    ...stubs.map(createStubModule),
    ...core.map((file) => loadNodeModule(resolveCoreFile(`@node-red/nodes/core/${file}`))),
  ];
  before(async () => {
    helper.init(require_.resolve(NODE_RED));
    await helper.startServer();
  });
  let isLoaded = false;
  const unload = async () => {
    if (isLoaded) await helper.unload();
    isLoaded = false;
  };
  afterEach(unload);
  after(() => helper.stopServer());
  return async (flow, credentials) => {
    await unload();
    isLoaded = true;
    await helper.load(loadModules(), flow, credentials);
    return new TestFlow(helper, flow);
  };
}
