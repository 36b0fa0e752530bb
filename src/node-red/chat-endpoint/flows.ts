import type { IncomingHttpHeaders } from "node:http";
import type { Clock } from "../../core/clock.js";
import { AG_UI } from "../../serving/ag-ui/form.js";
import { CHAT_COMPLETIONS } from "../../serving/chat-completions.js";
import { EVENTS } from "../../serving/events.js";
import type { Form, FormName, FormRequest } from "../../serving/form.js";
import type { ServedModel } from "../../serving/model-list.js";
import { OLLAMA_CHAT } from "../../serving/ollama/form.js";
import { OPENAI_RESPONSES } from "../../serving/responses/form.js";
import { UI_MESSAGES } from "../../serving/ui-messages/form.js";
import type { Answer } from "./answer.js";
import type { Client } from "./http/access.js";
import { createRefusedRequest } from "./http/refusals.js";

/** A request on its way into a flow. */
export interface Ask {
  answer: Answer;
  formRequest: FormRequest;
  form: Form;
  /** The name under which the flow answers. */
  model: string;
  client: Client;
  body: Record<string, unknown>;
  /** Of an HTTP request, by their names in lower case. */
  headers: IncomingHttpHeaders;
}

/** A flow that answers under one or more names. */
export interface ServedFlow {
  /** Id of its chat-in. */
  id: string;
  models: readonly string[];
  /** Milliseconds without a message after which its answers fail. */
  timeoutMs: number;
  ask(ask: Ask): void;
  /** One of its answers has ended. */
  handleEnd(answer: Answer): void;
}

export const FORMS: Readonly<Record<FormName, Form>> = {
  chat: CHAT_COMPLETIONS,
  responses: OPENAI_RESPONSES,
  ollama: OLLAMA_CHAT,
  ui: UI_MESSAGES,
  "ag-ui": AG_UI,
  events: EVENTS,
};

/** Ollama's clients put a tag behind a name that has none. */
const DEFAULT_TAG = ":latest";

/** The flows of an endpoint, by the names under which they answer. */
export class ServedFlows {
  private readonly byName = new Map<string, { flow: ServedFlow; created: number }>();

  constructor(private readonly clock: Clock) {}

  /** @returns the names that another flow has already taken */
  offer(flow: ServedFlow): string[] {
    const created = Math.floor(this.clock.date() / 1000);
    return flow.models.filter((name) => {
      if (this.byName.has(name)) return true;
      this.byName.set(name, { flow, created });
      return false;
    });
  }

  withdraw(flow: ServedFlow): void {
    for (const [name, offered] of this.byName) if (offered.flow === flow) this.byName.delete(name);
  }

  list(): ServedFlow[] {
    return [...new Set([...this.byName.values()].map(({ flow }) => flow))];
  }

  listModels(): ServedModel[] {
    return [...this.byName].map(([name, { created }]) => ({ name, created }));
  }

  /**
   * Finds the flow that answers as a model.
   * @param wanted `""` for the first one
   * @throws RefusedRequest if there is none
   */
  find(wanted: string): { flow: ServedFlow; name: string } {
    const name = this.findName(wanted);
    return { flow: this.byName.get(name)!.flow, name };
  }

  /** @throws RefusedRequest if there is none */
  getModel(wanted: string): ServedModel {
    const name = this.findName(wanted);
    return { name, created: this.byName.get(name)!.created };
  }

  private findName(wanted: string): string {
    const [first = ""] = this.byName.keys();
    const name = wanted || first;
    if (this.byName.has(name)) return name;
    const untagged = name.endsWith(DEFAULT_TAG) ? name.slice(0, -DEFAULT_TAG.length) : name;
    if (this.byName.has(untagged)) return untagged;
    const text = name === "" ? "No flow answers here." : `There is no model “${name.slice(0, 80)}” here.`;
    throw createRefusedRequest(404, text, { code: "model_not_found", param: "model" });
  }
}
