import { ScriptedService, type ServiceOptions } from "./scripted-service.js";

/** Starts a scripted service for the tests of a suite and resets it before each. @returns a function that gets the service */
export function useService(options: ServiceOptions = {}): () => ScriptedService {
  let service: ScriptedService | undefined;
  before(async () => {
    service = await ScriptedService.start(options);
  });
  beforeEach(() => service?.reset());
  after(() => service?.close());
  return () => service!;
}
