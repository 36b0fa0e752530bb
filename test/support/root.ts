import { dirname } from "node:path";

export const ROOT = dirname(dirname(dirname(__dirname)));
