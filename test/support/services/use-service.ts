import { ScriptedService, type ServiceOptions } from "./scripted-service.js";

/** A scripted service for all tests around it, reset before each. @returns how a test gets at it */
export function useService(options: ServiceOptions = {}): () => ScriptedService {
  let service: ScriptedService | undefined;
  before(async () => {
    service = await ScriptedService.start(options);
  });
  beforeEach(() => service?.reset());
  after(() => service?.close());
  return () => service!;
}
