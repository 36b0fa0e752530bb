// `npm run pictures`: takes the pictures of the README, in Chromium on Node-RED 5. With names, such as `-- tools`, only these.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Editor } from "../test/browser/editor.js";
import { findExample } from "../test/support/flows/examples.js";
import { TestBrowser } from "../test/support/runtime/browser.js";
import { DASHBOARD, installInto, PACKAGE, startNodeRed } from "../test/support/runtime/node-red-process.js";
import { deployFlows } from "../test/support/runtime/started-flows.js";
import { encodeApng } from "./apng.mjs";
import { Film } from "./film.mjs";
import { ensureBuilt, root } from "./setup.mjs";

/** How fast the demo answers in the moving picture, in chunks per second: slow enough to read along. */
const SHOWN_PACE = 8;
/** The size of the page in the moving picture, in pixels. */
const SCREEN = { width: 1500, height: 440 };
/** How wide the shadow at the left of a dialog is. */
const SHADOW = 18;
/** Empty canvas around the nodes of a flow. */
const MARGIN = 24;

const PICTURES = {
  // The first: the tab also shows what ran before.
  streams: takeStreams,
  "first-stream": takeFirstStream,
  "chat-page": takeChatPage,
  "chat-stream-dialog": takeDialog,
  tools: takeTools,
  dashboard: takeDashboard,
};

/** Providers of the flow whose streams the tab *Streams* shows. The prices are made up. */
const SERVICES = {
  house: { name: "House model", demoPace: 40, maxConcurrent: 1 },
  cloud: { name: "Cloud model", demoPace: 25, prices: '{"demo*": {"input": 1.25, "output": 10}}' },
};

/** Nodes of that flow, with their provider, their model and what they are asked. */
const ASKERS = [
  ["Summary", "cloud", "demo", "Count to 12."],
  ["Classifier", "cloud", "demo:fault=429&retry-after=1", "What is this?"],
  ["Poet", "cloud", "demo", "Count to 400."],
  ["Support", "house", "demo", "Count to 400."],
  ["Second line", "house", "demo", "Count to 400."],
];

ensureBuilt();
const wanted = process.argv.slice(2);
const userDir = mkdtempSync(join(tmpdir(), "chat-stream-pictures-"));
installInto(userDir, [PACKAGE, DASHBOARD]);
const settings = {
  editorTheme: { tours: false, projects: { enabled: false }, palette: { catalogues: [] } },
  externalModules: {},
};
const red = await startNodeRed({ version: "5", userDir, settings });
const browser = await TestBrowser.launch();
try {
  for (const [name, take] of Object.entries(PICTURES)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const picture = await take();
    writeFileSync(join(root, "docs", `${name}.png`), picture);
    console.log(`docs/${name}.png: ${Math.round(picture.length / 1024)} KiB`);
  }
} finally {
  await browser.close();
  await red.stop();
  rmSync(userDir, { recursive: true, force: true });
}

/** The first example, while its answer streams into the debug sidebar, as a moving picture. */
async function takeFirstStream() {
  const { nodes } = findExample("First stream");
  const editor = await openEditor(
    nodes.map((node) => (node.type === "chat-provider" ? { ...node, demoPace: SHOWN_PACE } : node)),
    SCREEN,
  );
  const { page } = editor;
  // Only the debug messages stand beside the flow, without their dates.
  await page.locator('button[data-tab-id="info"]').click();
  await page.addStyleTag({ content: ".red-ui-debug-msg-date { display: none; }" });
  const stream = editor.locateStatus(await editor.findByName("chat-stream", "Ask the model"));
  const { x } = await measureNodes(editor);
  const clip = { x: x + 4, y: 46, width: SCREEN.width - x - 4, height: SCREEN.height - 88 };
  const film = await Film.start(page);
  await editor.pressInject(await editor.findByName("inject", "Write a haiku"));
  await editor.movePointerAway();
  await stream.filter({ hasText: /^done/ }).waitFor();
  await page.waitForTimeout(500);
  const frames = await film.stop();
  await page.close();
  return encodeApng(frames, clip);
}

async function takeTools() {
  const editor = await openEditor(findExample("Weather and time tools").nodes);
  await editor.pressInject(await editor.findByName("inject", "Weather in Paris"));
  await editor.waitForDebug("Answer", /Paris/);
  await editor.movePointerAway();
  const picture = await editor.page.screenshot({ clip: await measureNodes(editor), animations: "disabled" });
  await editor.page.close();
  return picture;
}

async function takeDialog() {
  const editor = await openEditor(findExample("First stream").nodes, { width: 1240, height: 730 });
  await editor.openDialog(await editor.findByName("chat-stream", "Ask the model"));
  await editor.fillField("node-input-system", "You are a patient teacher.");
  await editor.movePointerAway();
  await editor.page.locator(".red-ui-tray").last().click({ trial: true });
  const { x, y, width, height } = await editor.page.locator(".red-ui-tray").last().boundingBox();
  // Its shadow lies on the canvas.
  const clip = { x: x + SHADOW, y, width: width - SHADOW, height };
  const picture = await editor.page.screenshot({ clip, animations: "disabled" });
  await editor.page.close();
  return picture;
}

/** The tab *Streams*, with streams that run, wait, have ended and have failed. */
async function takeStreams() {
  const editor = await openEditor(createStreamsFlow(), { width: 1400, height: 900 });
  const { page } = editor;
  await page.evaluate('RED.sidebar.show("chat-streams")');
  // The tab has the whole height of the sidebar.
  await page.locator('button[data-tab-id="debug"]').click();
  const ask = (name) =>
    fetch(`${red.url}/inject/ask-${ASKERS.findIndex(([each]) => each === name)}`, { method: "POST" });
  const rows = (name) =>
    page.locator(".chat-streams-row").filter({ has: page.locator(".chat-streams-name", { hasText: name }) });
  for (const name of ["Summary", "Summary", "Summary", "Classifier"]) await ask(name);
  await rows("Classifier")
    .getByText(/rate_limit/)
    .nth(1)
    .waitFor();
  for (const name of ["Poet", "Support", "Second line"]) await ask(name);
  await rows("Poet")
    .getByText(/1\d\d chunks/)
    .waitFor();
  const { x } = await measureNodes(editor);
  const picture = await page.screenshot({
    clip: { x, y: 46, width: 1400 - x, height: 780 },
    animations: "disabled",
  });
  await page.close();
  return picture;
}

function createStreamsFlow() {
  const tab = { id: "pictures", type: "tab", label: "Assistants" };
  const services = Object.entries(SERVICES).map(([id, settings]) => ({
    id,
    type: "chat-provider",
    provider: "demo",
    ...settings,
  }));
  const askers = ASKERS.flatMap(([name, provider, model, prompt], at) => {
    const place = { z: "pictures", y: 80 + 80 * at };
    return [
      {
        ...place,
        id: `ask-${at}`,
        type: "inject",
        name: `Ask ${name}`,
        x: 160,
        props: [{ p: "payload", v: prompt, vt: "str" }],
        repeat: "",
        crontab: "",
        wires: [[`stream-${at}`]],
      },
      {
        ...place,
        id: `stream-${at}`,
        type: "chat-stream",
        name,
        provider,
        model,
        x: 380,
        wires: [[`retry-${at}`]],
      },
      { ...place, id: `retry-${at}`, type: "retry", attempts: 2, x: 580, wires: [[], [`stream-${at}`], []] },
    ];
  });
  return [tab, ...services, ...askers];
}

function takeChatPage() {
  return takeChat("Chat page", "/chat", (page) => page.locator("#text"));
}

function takeDashboard() {
  return takeChat("Dashboard chat", "/dashboard", (page) => page.getByRole("textbox"));
}

/** Takes a page with a chat while its second answer streams. @param getInput gets the field for the question */
async function takeChat(example, path, getInput) {
  await deployFlows(red.url, findExample(example).nodes);
  const page = await openPage(path, { width: 820, height: 720 });
  const send = async (text) => {
    await getInput(page).fill(text);
    await page.keyboard.press("Enter");
  };
  await send("My name is Ada. Who are you?");
  await page
    .getByText(/tokens/)
    .first()
    .waitFor();
  await send("Tell me a story about a lighthouse.");
  await page.getByText(/there were two/).waitFor();
  const picture = await page.screenshot();
  await page.close();
  return picture;
}

async function openEditor(flows, viewport = { width: 1600, height: 1000 }) {
  await deployFlows(red.url, flows);
  const editor = new Editor(await browser.newPage(), red.url);
  await editor.page.setViewportSize(viewport);
  await editor.open();
  await editor.page.addStyleTag({ content: "#red-ui-notifications { visibility: hidden; }" });
  return editor;
}

async function openPage(path, viewport) {
  const page = await browser.newPage();
  await page.setViewportSize(viewport);
  await page.goto(red.url + path);
  return page;
}

/** @returns the rectangle of the page that holds all nodes of the flow */
async function measureNodes(editor) {
  const boxes = await editor.page
    .locator(".red-ui-flow-node-group, .red-ui-flow-node-status-group, .red-ui-flow-link")
    .evaluateAll((elements) => elements.map((element) => element.getBoundingClientRect().toJSON()));
  const shown = boxes.filter(({ width }) => width > 0);
  const [left, top] = ["left", "top"].map((side) => Math.min(...shown.map((box) => box[side])) - MARGIN);
  const [right, bottom] = ["right", "bottom"].map(
    (side) => Math.max(...shown.map((box) => box[side])) + MARGIN,
  );
  return { x: left, y: top, width: right - left, height: bottom - top };
}
