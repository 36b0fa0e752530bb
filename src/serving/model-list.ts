/** A model as an endpoint offers it. */
export interface ServedModel {
  name: string;
  /** Seconds since 1970. */
  created: number;
}

/** Builds an entry of OpenAI's list of models. Open WebUI shows `name`. */
export function buildModelEntry({ name, created }: ServedModel): object {
  return { id: name, object: "model", created, owned_by: "node-red", name };
}

/** Builds OpenAI's list of models. */
export function buildModelList(models: readonly ServedModel[]): object {
  return { object: "list", data: models.map(buildModelEntry) };
}
