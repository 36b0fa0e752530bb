import { createInterface } from "node:readline";
import { NotesServer } from "./notes.js";

// The demo's MCP server as a program: a message a line, by its standard input and output.
const server = new NotesServer();
createInterface({ input: process.stdin }).on("line", (line) => {
  try {
    const answer = server.answer(JSON.parse(line));
    if (answer) process.stdout.write(`${JSON.stringify(answer)}\n`);
  } catch {
    process.stderr.write("A line was no JSON.\n");
  }
});
