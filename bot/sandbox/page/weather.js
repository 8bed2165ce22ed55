// The drawer that injects faults: into the bot's connection to Discord, and into the bot itself.
// fans.js has the controls of the simulated members.
/** @import { Weather } from "./types.js" */
import { api } from "./api.js";
import { all, bytesText, byId, fill, h, iconButton, seek } from "./dom.js";
import { fansSections, showFans } from "./fans.js";
import { icon } from "./icons.js";
import { botState, on, store } from "./store.js";
import { attempt, toast } from "./toast.js";
import { trap } from "./trap.js";

const LOOK_EVERY_MS = 6000;
const covering = matchMedia("(max-width: 760px)");
const MIB = 1024 * 1024;
const LIMITS = [
  [10 * MIB, "10 MiB (Discord's default)"],
  [1 * MIB, "1 MiB"],
  [256 * 1024, "256 KiB"],
  [64 * 1024, "64 KiB"],
  [16 * 1024, "16 KiB"],
];
/** @type {unknown[]} */
let violations = [];
let compares = false;
/** Releases the keyboard focus that the open drawer holds. @type {(() => void) | null} */
let letGo = null;
let reachable = true;

/** Fill the drawer and keep its numbers current. */
export function startWeather() {
  on("weather", showNow);
  on("bot", showNow);
  on("fans", showFans);
  byId("weather").addEventListener("keydown", (event) => {
    if (event.key === "Escape") toggleWeather(false);
  });
  setInterval(look, LOOK_EVERY_MS);
  look();
}

/**
 * Open or close the drawer.
 * @param {boolean} [open] by default, toggle it
 */
export function toggleWeather(open = Boolean(byId("weather").hidden)) {
  const drawer = byId("weather");
  drawer.hidden = !open;
  seek("open-weather")?.setAttribute("aria-expanded", String(open));
  letGo?.();
  letGo = null;
  if (!open) return;
  build(drawer);
  look();
  if (covering.matches) letGo = trap(drawer, () => seek("bot-state"));
  all(drawer, "button", HTMLElement)[0]?.focus();
}

/** @param {HTMLElement} drawer */
function build(drawer) {
  fill(
    drawer,
    h(
      "header",
      {},
      icon("cloud"),
      h("h2", {}, "Weather and members"),
      iconButton(icon("close"), "Close", () => toggleWeather(false)),
    ),
    botSection(),
    fansSections(),
    gatewaySection(),
    callsSection(),
    h("section", {}, h("h3", {}, icon("clock"), "Latency"), latency()),
    h("section", {}, h("h3", {}, icon("upload"), "Upload limit"), uploadLimit()),
    h("section", {}, send("Clear sky", { action: "clear" }, "success")),
    h(
      "section",
      {},
      h("h3", {}, icon("shield"), "Discord's own rules"),
      h("div", { id: "weather-rules" }),
    ),
  );
  showNow();
  showFans();
}

const botSection = () =>
  h(
    "section",
    {},
    h("h3", {}, icon("power"), "The bot"),
    h("div", { class: "now", id: "weather-bot" }),
    h(
      "div",
      { class: "pair" },
      botButton("restart", "Restart", "primary"),
      botButton("kill", "Kill", "danger"),
      botButton("start", "Start", ""),
      botButton("stop", "Stop", ""),
    ),
  );

const gatewaySection = () =>
  h(
    "section",
    {},
    h("h3", {}, icon("bolt"), "Gateway"),
    h("p", { id: "weather-gateway" }),
    h(
      "div",
      { class: "pair" },
      send("Drop", { action: "drop" }),
      send("Invalidate session", { action: "invalidate" }),
    ),
    counted("Refuse connections for", "seconds", 10, "Refuse", (seconds) => ({
      action: "offline",
      seconds,
    })),
  );

const callsSection = () =>
  h(
    "section",
    {},
    h("h3", {}, icon("server"), "Answers to the bot's calls"),
    h("p", { id: "weather-calls" }),
    counted("429 for the next", "calls", 5, "Rate limit", (n) => ({ action: "ratelimit", n })),
    counted("503 for the next", "calls", 3, "Outage", (n) => ({ action: "outage", n, status: 503 })),
  );

/**
 * @param {string} label
 * @param {Record<string, unknown>} body
 * @param {string} [style]
 */
function send(label, body, style = "") {
  return h(
    "button",
    {
      type: "button",
      class: `button ${style}`,
      dataset: { weather: body.action },
      onclick: () => change(body),
    },
    label,
  );
}

/** @param {Record<string, unknown>} body */
async function change(body) {
  const answer = await attempt(api.weather(body));
  if (!answer) return;
  store.weather = { ...store.weather, ...(answer.weather ?? answer) };
  showNow();
}

/**
 * @param {string} before
 * @param {string} unit
 * @param {number} initial
 * @param {string} label
 * @param {(n: number) => Record<string, unknown>} make
 */
function counted(before, unit, initial, label, make) {
  const number = h("input", {
    type: "number",
    min: 1,
    max: 500,
    value: initial,
    "aria-label": `${before} … ${unit}`,
  });
  return h(
    "div",
    { class: "counted" },
    h("span", {}, before),
    h(
      "div",
      { class: "pair" },
      number,
      h("span", {}, unit),
      h(
        "button",
        {
          type: "button",
          class: "button",
          dataset: { weather: make(1).action },
          onclick: () => change(make(Number(number.value) || 1)),
        },
        label,
      ),
    ),
  );
}

function latency() {
  const output = h("output", { id: "weather-latency" });
  const slider = h("input", {
    type: "range",
    min: 0,
    max: 5000,
    step: 50,
    value: store.weather.latency_ms ?? 0,
    "aria-label": "Latency of every call in milliseconds",
    id: "weather-slider",
    oninput: () => {
      output.textContent = `${slider.value} ms`;
    },
    onchange: () => change({ action: "latency", ms: Number(slider.value) }),
  });
  return h("div", {}, h("label", {}, h("span", {}, "Every call takes longer by"), output), slider);
}

function uploadLimit() {
  const now = store.weather.upload_limit_bytes;
  const list =
    now === undefined || LIMITS.some(([bytes]) => bytes === now)
      ? LIMITS
      : [[now, bytesText(now)], ...LIMITS];
  const field = h(
    "select",
    {
      "aria-label": "Largest file",
      id: "weather-upload",
      onchange: () => change({ action: "upload_limit", bytes: Number(field.value) }),
    },
    list.map(([bytes, label]) => h("option", { value: bytes, selected: bytes === now }, label)),
  );
  return field;
}

/** @type {Record<string, string>} */
const DOING = {
  restart: "Restarting the bot…",
  kill: "Killing the bot, as a crash would…",
  start: "Starting the bot…",
  stop: "Asking the bot to stop…",
};

/**
 * @param {string} action
 * @param {string} label
 * @param {string} style
 */
function botButton(action, label, style) {
  const press = () => {
    toast(DOING[action]);
    attempt(api.bot(action));
  };
  const props = { type: "button", class: `button ${style}`, dataset: { bot: action } };
  return h("button", { ...props, onclick: press }, label);
}

function showNow() {
  showRules();
  if (byId("weather").hidden || !seek("weather-bot")) return;
  const { text, light } = botState();
  const { gateway, latency_ms: ms = 0, upload_limit_bytes: largest } = store.weather;
  fill(byId("weather-bot"), h("span", { class: light }), h("span", {}, `The bot is ${text}`));
  showButtons();
  byId("weather-gateway").textContent = lineText(gateway);
  byId("weather-calls").textContent = callsText(store.weather);
  byId("weather-latency").textContent = `${ms} ms`;
  follow("weather-slider", ms);
  follow("weather-upload", largest);
}

// Enable only what is possible now.
function showButtons() {
  for (const button of all(byId("weather"), "[data-bot]", HTMLButtonElement))
    button.disabled = (button.dataset.bot === "start") === Boolean(store.bot.running);
}

/** @param {string | undefined} gateway */
function lineText(gateway) {
  if (gateway === "offline") return "Connections are refused.";
  return store.bot.online ? "The line is open." : "Connections are accepted; the bot has none.";
}

/** @param {Weather} weather */
function callsText({ ratelimit_left: limited, outage_left: out, outage_status: status }) {
  const parts = [
    limited && `${limited} more answered 429`,
    out && `${out} more answered ${status}`,
  ];
  return parts.filter(Boolean).join(", ") || "Every call is answered.";
}

/**
 * Update a control to the current state, unless somebody is using it.
 * @param {string} id
 * @param {number | undefined} value
 */
function follow(id, value) {
  const control = seek(id);
  const ours = control instanceof HTMLInputElement || control instanceof HTMLSelectElement;
  if (ours && value !== undefined && document.activeElement !== control)
    control.value = String(value);
}

async function look() {
  const said = await api.violations().catch(() => null);
  reachable = Array.isArray(said?.found);
  if (reachable) ({ compares, found: violations } = said);
  showRules();
}

function showRules() {
  const [mark] = all(document, "#open-weather .count", HTMLElement);
  if (mark) {
    mark.hidden = violations.length === 0;
    mark.textContent = String(violations.length);
  }
  const place = seek("weather-rules");
  if (!place || byId("weather").hidden) return;
  const count = violations.length;
  const clean = compares
    ? "Every request so far fits Discord's OpenAPI description."
    : "Not checked: DISCORD_OPENAPI names no copy of Discord's OpenAPI description.";
  const text = count
    ? `${count} ${count === 1 ? "request breaks" : "requests break"} Discord's OpenAPI description.`
    : clean;
  if (place.dataset.shown === `${count} ${reachable}`) return;
  place.dataset.shown = `${count} ${reachable}`;
  fill(
    place,
    h(
      "p",
      { class: count ? "ill" : compares ? "good" : "", id: "violations", dataset: { count } },
      reachable ? text : "Not known: the sandbox did not say.",
    ),
    count > 0 &&
      h(
        "pre",
        {},
        violations
          .slice(-20)
          .map((one) => (typeof one === "string" ? one : JSON.stringify(one, null, 1)))
          .join("\n"),
      ),
  );
}
