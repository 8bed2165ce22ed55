// The drawer that injects faults: into the bot's connection to Discord, and into the bot itself.
// fans.js has the controls of the simulated members.
/** @import { Weather } from "./types.js" */
import { api } from "./api.js";
import { findAll, bytesText, byId, fill, h, iconButton, findById } from "./dom.js";
import { fansSections, showFans } from "./fans.js";
import { findingsKey, findingsText } from "./findings.js";
import { icon } from "./icons.js";
import { botState, on, store } from "./store.js";
import { attempt, showToast } from "./toast.js";
import { trapFocus } from "./trap.js";

const VIOLATIONS_EVERY_MS = 6000;
const narrowScreen = matchMedia("(max-width: 760px)");
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
let hasDescription = false;
/** Frees the keyboard focus from the open drawer. @type {(() => void) | null} */
let releaseFocus = null;
let reachable = true;

/** Listen for news of the weather, and check for violations from time to time. */
export function startWeather() {
  on("weather", showWeather);
  on("bot", showWeather);
  on("fans", showFans);
  byId("weather").addEventListener("keydown", (event) => {
    if (event.key === "Escape") toggleWeather(false);
  });
  setInterval(loadViolations, VIOLATIONS_EVERY_MS);
  loadViolations();
}

/**
 * Open or close the drawer.
 * @param {boolean} [open] by default, toggle it
 */
export function toggleWeather(open = Boolean(byId("weather").hidden)) {
  const drawer = byId("weather");
  drawer.hidden = !open;
  findById("open-weather")?.setAttribute("aria-expanded", String(open));
  releaseFocus?.();
  releaseFocus = null;
  if (!open) return;
  buildDrawer(drawer);
  loadViolations();
  if (narrowScreen.matches) releaseFocus = trapFocus(drawer, () => findById("bot-state"));
  findAll(drawer, "button", HTMLElement)[0]?.focus();
}

/** @param {HTMLElement} drawer */
function buildDrawer(drawer) {
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
    h("section", {}, h("h3", {}, icon("clock"), "Latency"), latencySlider()),
    h("section", {}, h("h3", {}, icon("upload"), "Upload limit"), uploadLimitSelect()),
    h("section", {}, weatherButton("Clear sky", { action: "clear" }, "success")),
    h(
      "section",
      {},
      h("h3", {}, icon("shield"), "Discord's own rules"),
      h("div", { id: "weather-rules" }),
    ),
  );
  showWeather();
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
      weatherButton("Drop", { action: "drop" }),
      weatherButton("Invalidate session", { action: "invalidate" }),
    ),
    countControl("Refuse connections for", "seconds", 10, "Refuse", (seconds) => ({
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
    countControl("429 for the next", "calls", 5, "Rate limit", (n) => ({ action: "ratelimit", n })),
    countControl("503 for the next", "calls", 3, "Outage", (n) => ({
      action: "outage",
      n,
      status: 503,
    })),
  );

/**
 * @param {string} label
 * @param {Record<string, unknown>} body
 * @param {string} [style]
 */
function weatherButton(label, body, style = "") {
  return h(
    "button",
    {
      type: "button",
      class: `button ${style}`,
      dataset: { weather: body.action },
      onclick: () => changeWeather(body),
    },
    label,
  );
}

/** @param {Record<string, unknown>} body */
async function changeWeather(body) {
  const answer = await attempt(api.weather(body));
  if (!answer) return;
  store.weather = { ...store.weather, ...(answer.weather ?? answer) };
  showWeather();
}

/**
 * @param {string} lead
 * @param {string} unit
 * @param {number} initial
 * @param {string} label
 * @param {(n: number) => Record<string, unknown>} makeBody
 */
function countControl(lead, unit, initial, label, makeBody) {
  const number = h("input", {
    type: "number",
    min: 1,
    max: 500,
    value: initial,
    "aria-label": `${lead} … ${unit}`,
  });
  return h(
    "div",
    { class: "counted" },
    h("span", {}, lead),
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
          dataset: { weather: makeBody(1).action },
          onclick: () => changeWeather(makeBody(Number(number.value) || 1)),
        },
        label,
      ),
    ),
  );
}

function latencySlider() {
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
    onchange: () => changeWeather({ action: "latency", ms: Number(slider.value) }),
  });
  return h("div", {}, h("label", {}, h("span", {}, "Every call takes longer by"), output), slider);
}

function uploadLimitSelect() {
  const current = store.weather.upload_limit_bytes;
  const list =
    current === undefined || LIMITS.some(([bytes]) => bytes === current)
      ? LIMITS
      : [[current, bytesText(current)], ...LIMITS];
  const field = h(
    "select",
    {
      "aria-label": "Largest file",
      id: "weather-upload",
      onchange: () => changeWeather({ action: "upload_limit", bytes: Number(field.value) }),
    },
    list.map(([bytes, label]) => h("option", { value: bytes, selected: bytes === current }, label)),
  );
  return field;
}

/** @type {Record<string, string>} */
const ACTION_TEXTS = {
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
    showToast(ACTION_TEXTS[action]);
    attempt(api.bot(action));
  };
  const props = { type: "button", class: `button ${style}`, dataset: { bot: action } };
  return h("button", { ...props, onclick: press }, label);
}

function showWeather() {
  showViolations();
  if (byId("weather").hidden || !findById("weather-bot")) return;
  const { text, light } = botState();
  const { gateway, latency_ms: ms = 0, upload_limit_bytes: largest } = store.weather;
  fill(byId("weather-bot"), h("span", { class: light }), h("span", {}, `The bot is ${text}`));
  showButtons();
  byId("weather-gateway").textContent = gatewayText(gateway);
  byId("weather-calls").textContent = callsText(store.weather);
  byId("weather-latency").textContent = `${ms} ms`;
  syncControl("weather-slider", ms);
  syncControl("weather-upload", largest);
}

// Enable only the buttons that make sense now.
function showButtons() {
  for (const button of findAll(byId("weather"), "[data-bot]", HTMLButtonElement))
    button.disabled = (button.dataset.bot === "start") === Boolean(store.bot.running);
}

/** @param {string | undefined} gateway */
function gatewayText(gateway) {
  if (gateway === "offline") return "Connections are refused.";
  return store.bot.online ? "The line is open." : "Connections are accepted; the bot has none.";
}

/** @param {Weather} weather */
function callsText({ ratelimit_left: limited, outage_left: failing, outage_status: status }) {
  const parts = [
    limited && `${limited} more answered 429`,
    failing && `${failing} more answered ${status}`,
  ];
  return parts.filter(Boolean).join(", ") || "Every call is answered.";
}

/**
 * Show the current value in a control, unless it has the focus.
 * @param {string} id
 * @param {number | undefined} value
 */
function syncControl(id, value) {
  const control = findById(id);
  const isControl = control instanceof HTMLInputElement || control instanceof HTMLSelectElement;
  if (isControl && value !== undefined && document.activeElement !== control)
    control.value = String(value);
}

async function loadViolations() {
  const answer = await api.violations().catch(() => null);
  reachable = Array.isArray(answer?.found);
  if (reachable) ({ compares: hasDescription, found: violations } = answer);
  showViolations();
}

function showViolations() {
  const [badge] = findAll(document, "#open-weather .count", HTMLElement);
  if (badge) {
    badge.hidden = violations.length === 0;
    badge.textContent = String(violations.length);
  }
  const container = findById("weather-rules");
  if (!container || byId("weather").hidden) return;
  const count = violations.length;
  const findings = { count, hasDescription, reachable };
  const key = findingsKey(findings);
  if (container.dataset.shown === key) return;
  container.dataset.shown = key;
  fill(
    container,
    h(
      "p",
      { class: count ? "ill" : hasDescription ? "good" : "", id: "violations", dataset: { count } },
      findingsText(findings),
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
