import type { ChatRequest } from "../../core/chat/request.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { chooseForm, type FormChoice } from "../api-form.js";
import type { Endpoint } from "../shared/endpoint.js";
import { HOSTED_TOOLS, type HostedTool, type HostedToolForm, type HostedTools } from "./tools.js";

/** A service and the tools that it runs itself. */
interface Offering extends FormChoice {
  readonly label: string;
  readonly hostedTools?: HostedTools;
}

/** A tool that a request asks for, and fields of the service's own for it. */
interface WantedTool {
  name: HostedTool;
  fields: Record<string, unknown>;
}

/**
 * Replaces the parameter `hosted_tools` by the tools of the service: a list of names, or of objects with the name as `type`
 * and further fields for the service. A tool that the request brings in the service's own form is not added again.
 * @throws Failure `invalid_request` for a tool that is unknown, or that the service does not have
 */
export function addHostedTools(request: ChatRequest, service: Offering, endpoint: Endpoint): ChatRequest {
  const { hosted_tools: list, ...parameters } = request.parameters ?? {};
  if (list === undefined || list === null) return request;
  const wanted = readWantedTools(list);
  if (wanted.length === 0) return { ...request, parameters };
  const forms = wanted.map(({ name }) => findForm(service, endpoint, name));
  const tools = [...(request.tools ?? [])];
  for (const [at, { name, fields }] of wanted.entries()) {
    const tool = { ...forms[at]!.tool, ...fields };
    checkField(name, tool, forms[at]!.required);
    if (!tools.some((given) => isSameTool(given, tool))) tools.push(tool);
  }
  const includes = forms.flatMap(({ include }) => include ?? []);
  const authorIncludes = Array.isArray(parameters["include"]) ? parameters["include"] : [];
  return {
    ...request,
    tools,
    parameters:
      includes.length > 0 ? { ...parameters, include: [...includes, ...authorIncludes] } : parameters,
  };
}

function readWantedTools(list: unknown): WantedTool[] {
  if (!Array.isArray(list)) {
    throw new Failure("invalid_request", "hosted_tools is not a list. Set it to a list of names.");
  }
  return list.map((entry: unknown) => {
    const { type, ...fields } = isObject(entry) ? entry : { type: entry };
    const name = HOSTED_TOOLS.find((tool) => tool === type);
    if (name) return { name, fields };
    throw new Failure(
      "invalid_request",
      `There is no hosted tool ${JSON.stringify(type ?? entry)}. hosted_tools takes ${HOSTED_TOOLS.join(", ")}.`,
    );
  });
}

function findForm(service: Offering, endpoint: Endpoint, name: HostedTool): HostedToolForm {
  const { hostedTools: offered, label } = service;
  const form = offered?.tools[name];
  if (!form) {
    const others = Object.keys(offered?.tools ?? {}).join(", ");
    const advice = others === "" ? "" : ` It has ${others}.`;
    throw new Failure(
      "invalid_request",
      `${label} does not have the hosted tool ${name}.${advice} Clear it in the chat-stream, or choose another provider.`,
    );
  }
  if (offered!.form !== undefined && chooseForm(service, endpoint) !== offered!.form) {
    throw new Failure(
      "invalid_request",
      `${label} has the hosted tool ${name} in Responses only. Set API of the provider to Responses, or clear the tool in the chat-stream.`,
    );
  }
  return form;
}

function checkField(name: HostedTool, tool: Record<string, unknown>, field: string | undefined): void {
  const value = field === undefined ? true : tool[field];
  if (Array.isArray(value) ? value.length > 0 : value) return;
  throw new Failure(
    "invalid_request",
    `The hosted tool ${name} needs ${field}. Enter the ids of the vector stores in the chat-stream.`,
  );
}

/** Whether two tools are one: services refuse a tool that is there twice. */
function isSameTool(given: unknown, tool: Record<string, unknown>): boolean {
  if (!isObject(given)) return false;
  const { type } = tool;
  // Gemini names a tool by its only field, the others by its type.
  return type === undefined ? Object.keys(tool).some((key) => key in given) : given["type"] === type;
}
