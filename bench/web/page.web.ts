/** The measuring page: a button, a table that fills, a JSON row to copy. */
import type { Facts, Variant } from "./material.ts";
import { type Measured, measure, type Result } from "./measure.web.ts";

const facts = JSON.parse(at("facts").textContent) as Facts;
const asked = new URLSearchParams(location.search);
const known = Object.keys(facts.expected) as Variant[];
const models =
  asked
    .get("models")
    ?.split(",")
    .filter((one): one is Variant => known.includes(one as Variant)) ?? known;
const rounds = Math.max(1, Math.floor(Number(asked.get("rounds"))) || 10);

const start = at<HTMLButtonElement>("start");
const copy = at<HTMLButtonElement>("copy");
const json = at<HTMLTextAreaElement>("json");
const device = at<HTMLInputElement>("device");
let hidden = false;
let measured: Measured | null = null;

function at<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

function cell(kind: "th" | "td", text: string, small = ""): HTMLElement {
  const made = document.createElement(kind);
  made.append(text);
  if (small) {
    const note = document.createElement("small");
    note.append(small);
    made.append(note);
  }
  return made;
}

/** The row of an engine, created on first use. */
function rowOf(engine: string): HTMLElement {
  const known = [...at("body").children].find((row) => (row as HTMLElement).dataset["engine"] === engine);
  if (known) return known as HTMLElement;
  const made = document.createElement("tr");
  made.dataset["engine"] = engine;
  made.append(cell("th", engine), ...models.map(() => cell("td", "–")));
  at("body").append(made);
  return made;
}

function show({ model, engine, p50Ms, p95Ms }: Result): void {
  const [half, most] = [p50Ms, p95Ms].map((ms) => (ms < 100 ? ms.toPrecision(3) : ms.toFixed(0)));
  rowOf(engine).children[1 + models.indexOf(model)]?.replaceWith(cell("td", half as string, most));
}

function say(name: string, why: string): void {
  const line = document.createElement("li");
  line.append(`${name}: not measured, ${why}`);
  at("missing").append(line);
}

/** The smallest visible clock step. */
function clockMs(): number {
  let least = Number.POSITIVE_INFINITY;
  const begun = performance.now();
  for (let last = begun, now = begun; now - begun < 20; now = performance.now()) {
    if (now > last) least = Math.min(least, now - last);
    last = now;
  }
  return Number(least.toPrecision(2));
}

/** What browsers that hide the device report instead. */
async function modelOfDevice(): Promise<string | undefined> {
  const { userAgentData } = navigator as {
    userAgentData?: { getHighEntropyValues(hints: string[]): Promise<{ model?: string }> };
  };
  return (await userAgentData?.getHighEntropyValues(["model"]).catch(() => ({ model: "" })))?.model || undefined;
}

async function showRow(): Promise<void> {
  if (!measured) return;
  const { version, build } = facts;
  const row = {
    ...{ movinet: version, build, date: new Date().toISOString().slice(0, 10) },
    ...{ device: device.value.trim() || (await modelOfDevice()) || "", browser: navigator.userAgent },
    ...{ cores: navigator.hardwareConcurrency, clockMs: clockMs(), hidden, rounds },
    ...measured,
  };
  json.value = JSON.stringify(row);
}

async function run(): Promise<void> {
  start.disabled = true;
  at("body").replaceChildren();
  at("missing").replaceChildren();
  at("result").hidden = true;
  at("work").hidden = false;
  hidden = document.hidden;
  const progress = (done: number, text: string) => {
    at<HTMLProgressElement>("progress").value = done;
    at("status").textContent = text;
  };
  try {
    measured = await measure(models, rounds, facts.expected, { progress, result: show, missing: say });
    if (hidden) progress(1, "Done, but the page was hidden meanwhile, which slows it down: please run it again.");
    await showRow();
    at("result").hidden = false;
  } catch (error) {
    progress(0, `It stopped: ${error instanceof Error ? error.message : error}`);
  }
  start.textContent = "Measure again";
  start.disabled = false;
}

async function copyRow(): Promise<void> {
  json.select();
  // Pages without TLS have no clipboard, and some browsers deny access to it.
  const written = navigator.clipboard?.writeText(json.value).then(() => true);
  const copied = (await written?.catch(() => false)) || document.execCommand("copy");
  copy.textContent = copied ? "Copied" : "Copy the marked text";
}

for (const model of models) at("head").append(cell("th", model.toUpperCase()));
start.addEventListener("click", run);
copy.addEventListener("click", copyRow);
device.addEventListener("input", showRow);
document.addEventListener("visibilitychange", () => {
  hidden ||= document.hidden;
});
