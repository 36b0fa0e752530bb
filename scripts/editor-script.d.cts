/** @returns the path of an editor script, after the paths of the scripts that it needs */
export function listEditorSources(file: string): string[];

/** @returns the script that the page of a node holds, in plain JavaScript */
export function buildEditorScript(file: string): string;
