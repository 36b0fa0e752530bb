import { toFailure } from "../../core/failure.js";
import type { FormName } from "../../serving/form.js";
import { isServedPath } from "../../serving/routes.js";
import { systemClock } from "../../transport/system-clock.js";
import type { HttpRequest, NodeRed, RuntimeNode } from "../red/api.js";
import { openMqttLink, readFleetTopic } from "../red/broker/mqtt-link.js";
import { NodeHost } from "../red/host.js";
import { logWarning } from "../red/log.js";
import { createVariableFiller } from "../red/variables.js";
import { answers } from "./answers.js";
import {
  type EndpointConfig,
  type EndpointCredentials,
  readForms,
  readKeep,
  readMaxCalls,
  readPath,
} from "./config.js";
import { AccessList } from "./http/access.js";
import { hasHttp, openDoor } from "./http/door.js";
import { Origins } from "./http/origins.js";
import type { EndpointNode } from "./lookup.js";
import { EndpointRuntime } from "./runtime.js";

/** Starts a chat-endpoint: opens its path, until the node is closed. */
export function startEndpoint(red: NodeRed, node: RuntimeNode & EndpointNode, config: EndpointConfig): void {
  const fill = createTolerantFiller(red, node);
  const { keys = "" }: EndpointCredentials = node.credentials ?? {};
  const access = new AccessList(fill(keys), config.open === true);
  const host = new NodeHost(red, node, systemClock);
  const forms = readForms(config);
  const runtime = new EndpointRuntime({
    access,
    origins: new Origins(fill(config.origins ?? "")),
    answers,
    clock: systemClock,
    forms,
    keepMs: readKeep(config),
    goesOn: config.goesOn === true,
    onError: (failure) => host.error(failure, {}),
  });
  node.runtime = runtime;
  if (config.broker) {
    joinFleet(red, node, config, fill(config.topic ?? ""));
    node.on("close", (_removed, done) => {
      runtime.close();
      done();
    });
    return;
  }
  const path = readPath({ ...config, path: fill(config.path ?? "") });
  const closeDoor = openDoor(red, path, {
    serves: (request, below) =>
      isForTools(below) ? runtime.tools.isOpen : isServedRequest(request, path, below, forms),
    handle: (request, response, below) => {
      if (isForTools(below)) runtime.handleMcp(request, response);
      else runtime.handle(request, response, below);
    },
  });
  node.problem = closeDoor ? (access.isClosed ? "closed" : undefined) : hasHttp(red) ? "pathTaken" : "noHttp";
  if (node.problem !== undefined) logWarning(node, red._(`chat-endpoint.problem.${node.problem}`, { path }));
  node.on("close", (_removed, done) => {
    closeDoor?.();
    runtime.close();
    done();
  });
}

/** Answers at a broker instead of a path. */
function joinFleet(
  red: NodeRed,
  node: RuntimeNode & EndpointNode,
  config: EndpointConfig,
  topic: string,
): void {
  try {
    const link = openMqttLink(red, config.broker, node.id);
    node.runtime.joinFleet(link, readFleetTopic(topic), readMaxCalls(config));
  } catch (thrown) {
    node.problem = "noBroker";
    logWarning(node, toFailure(thrown).message);
  }
}

/** Whether a path is the one at which MCP clients find tools. */
function isForTools(below: string): boolean {
  return /^\/+mcp\/*$/i.test(below);
}

/**
 * Whether a request is one of the endpoint's. At its own path only Ollama's clients ask, whether it is alive; a page that
 * an author puts there is left alone.
 */
function isServedRequest(
  { headers }: HttpRequest,
  path: string,
  below: string,
  forms: ReadonlySet<FormName>,
): boolean {
  if (!isServedPath(below, forms)) return false;
  return below.replaceAll("/", "") !== "" || (path !== "" && !headers.accept?.includes("text/html"));
}

/** Fills variables in. A setting whose variable is no text counts as empty, so that nothing is opened by mistake. */
function createTolerantFiller(red: NodeRed, node: RuntimeNode): (text: string) => string {
  const fill = createVariableFiller(red, node);
  return (text) => {
    try {
      return fill(text);
    } catch (thrown) {
      logWarning(node, toFailure(thrown).message);
      return "";
    }
  };
}
