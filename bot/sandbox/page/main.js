// The page's entry: the current persona and channel, and the connection to the sandbox.
/** @import { Person } from "./types.js" */
import { api } from "./api.js";
import { composerMoved, startComposer, write } from "./composer.js";
import { startDialogs } from "./dialog.js";
import { byId, fill, h } from "./dom.js";
import { clearWaiting } from "./interactions.js";
import { close as closePopover } from "./popover.js";
import { showFrame, showTop, startSidebar } from "./sidebar.js";
import { Stream } from "./socket.js";
import {
  channel,
  emit,
  expectMessages,
  heard,
  isAdultsOnly,
  me,
  names,
  on,
  store,
  takeCommands,
  takeMessages,
  takeState,
} from "./store.js";
import { startTime } from "./time.js";
import { resetTimeline, startTimeline } from "./timeline.js";
import { said, toast } from "./toast.js";
import { startWeather, toggleWeather } from "./weather.js";

const RETRY_MS = 1500;
const COMMANDS_PAUSE_MS = 150;
const stream = new Stream(heard, lineChanged);
let loading = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let commandTimer;

/** Remembered only in this tab, so that two tabs can be two people. */
const memory = {
  /** @param {string} key */
  get: (key) => sessionStorage.getItem(`local-discord:${key}`),
  /**
   * @param {string} key
   * @param {string} value
   */
  set: (key, value) => sessionStorage.setItem(`local-discord:${key}`, value),
};

async function start() {
  const address = new URLSearchParams(location.search);
  /** @type {{ personas: Person[] }} */
  const first = await patiently(() =>
    api.state(address.get("persona") ?? memory.get("persona") ?? "0"),
  );
  const wanted = address.get("persona") ?? memory.get("persona") ?? "";
  const known = first.personas.map((one) => String(one.id));
  const persona = known.includes(wanted) ? wanted : known[0];
  takeState(first);
  startSidebar({ openChannel, become, speak, toggleWeather });
  startTimeline(write);
  startComposer();
  startDialogs();
  startWeather();
  startTime();
  on("commands-changed", commandsChanged);
  names.openChannel = (id) => void (channel(id) && openChannel(id));
  names.openCommand = (name) => write(`/${name} `);
  on("channels", () => !channel() && store.channels.length && openChannel(store.channels[0].id));
  await become(persona, address.get("channel") ?? memory.get("channel"));
}

/**
 * @template T
 * @param {() => Promise<T>} ask
 * @returns {Promise<T>}
 */
async function patiently(ask) {
  for (;;) {
    try {
      const answer = await ask();
      banner(null);
      return answer;
    } catch (error) {
      banner(said(error), true);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/**
 * Become another person.
 * @param {string} id
 * @param {string | null} [wantedChannel]
 */
async function become(id, wantedChannel = store.active) {
  closePopover();
  clearWaiting();
  store.persona = id;
  memory.set("persona", id);
  const state = await patiently(() => api.state(id));
  takeState(state);
  store.messages.clear();
  store.unread.clear();
  store.active = null;
  stream.open(id);
  showFrame();
  const first = channel(wantedChannel) ?? store.channels[0];
  if (first) await openChannel(first.id);
}

/**
 * Set the language of this person's Discord, and redraw everything in it.
 * @param {string} locale
 */
async function speak(locale) {
  await api
    .language({ persona: store.persona, locale })
    .catch((error) => toast(error.message, true));
  if (store.persona) await become(store.persona);
}

/**
 * Show a channel.
 * @param {string} id
 */
async function openChannel(id) {
  if (store.active === id && store.messages.has(id)) return composerMoved();
  store.active = id;
  store.unread.delete(id);
  memory.set("channel", id);
  emit("channels");
  emit("typing");
  showTop();
  resetTimeline();
  const closed = isAdultsOnly(id) && memory.get(`adult:${store.persona}`) !== "yes";
  showGate(closed);
  if (!closed) await load(id);
  return composerMoved();
}

/** @param {string} id */
async function load(id) {
  const turn = (loading += 1);
  expectMessages(id);
  try {
    const list = await api.messages(id, store.persona);
    if (turn !== loading || id !== store.active) return;
    takeMessages(id, list, store.messages.get(id));
    resetTimeline();
  } catch (error) {
    toast(said(error), true);
  }
}

/** @param {boolean} closed */
function showGate(closed) {
  const gate = byId("gate");
  for (const part of ["timeline", "write"]) byId(part).hidden = closed;
  gate.hidden = !closed;
  if (!closed) return;
  const adult = () => {
    memory.set(`adult:${store.persona}`, "yes");
    showGate(false);
    load(store.active ?? "").then(composerMoved);
  };
  const back = () =>
    openChannel(store.channels.find((one) => !isAdultsOnly(one.id))?.id ?? store.channels[0].id);
  fill(
    gate,
    h(
      "div",
      { class: "card" },
      h("div", { class: "mark", "aria-hidden": "true" }, "18+"),
      h("h3", {}, "Age-restricted channel"),
      h("p", {}, `#${channel()?.name} is for adults. Is ${me()?.name} 18 or older?`),
      h(
        "div",
        { class: "row" },
        h(
          "button",
          { type: "button", class: "button plain", id: "gate-no", onclick: back },
          "Go back",
        ),
        h(
          "button",
          { type: "button", class: "button danger", id: "gate-yes", onclick: adult },
          "I am 18 or older",
        ),
      ),
    ),
  );
}

// The bot registers its commands one by one: read them after a pause.
function commandsChanged() {
  clearTimeout(commandTimer);
  commandTimer = setTimeout(async () => {
    const state = await api.state(store.persona).catch(() => null);
    if (state) takeCommands(state.commands);
  }, COMMANDS_PAUSE_MS);
}

/**
 * The connection broke or came back. Read again what was missed.
 * @param {boolean} up
 * @param {boolean} again
 */
async function lineChanged(up, again) {
  if (!up) {
    if (again) banner("Connection to the local Discord lost. Trying again…", true);
    return;
  }
  banner(null);
  if (!again) return;
  const state = await api.state(store.persona).catch(() => null);
  if (!state) return;
  takeState(state);
  showFrame();
  emit("commands");
  emit("weather");
  emit("fans");
  for (const id of [...store.messages.keys()]) if (id !== store.active) store.messages.delete(id);
  const open = store.active;
  if (!open || !store.messages.has(open)) return;
  const list = await api.messages(open, store.persona).catch(() => null);
  if (list) takeMessages(open, list);
}

/**
 * @param {string | null} text
 * @param {boolean} [bad]
 */
function banner(text, bad = false) {
  const place = byId("banner");
  place.hidden = !text;
  place.classList.toggle("bad", bad);
  fill(place, text && [h("span", { class: "dots" }, h("i"), h("i"), h("i")), text]);
}

start();
