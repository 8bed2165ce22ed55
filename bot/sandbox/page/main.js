// The page's entry: the current persona and channel, and the connection to the sandbox.
/** @import { Person } from "./types.js" */
import { api } from "./api.js";
import { refreshComposer, startComposer, setText } from "./composer.js";
import { startDialogs } from "./dialog.js";
import { byId, fill, h } from "./dom.js";
import { clearWaiting } from "./interactions.js";
import { closePopover } from "./popover.js";
import { showFrame, showTopBar, startSidebar } from "./sidebar.js";
import { Stream } from "./socket.js";
import {
  channel,
  emit,
  collectMessages,
  applyEvent,
  isAdultsOnly,
  me,
  names,
  on,
  store,
  applyCommands,
  applyMessages,
  applyState,
} from "./store.js";
import { startTime } from "./time.js";
import { resetTimeline, startTimeline } from "./timeline.js";
import { errorText, showToast } from "./toast.js";
import { startWeather, toggleWeather } from "./weather.js";

const RETRY_MS = 1500;
const COMMANDS_PAUSE_MS = 150;
const stream = new Stream(applyEvent, handleConnection);
let loadCount = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let commandTimer;

/** Values kept only for this tab, so that two tabs can be two people. */
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
  const initialState = await retryUntilAnswered(() =>
    api.state(address.get("persona") ?? memory.get("persona") ?? "0"),
  );
  const wantedPersona = address.get("persona") ?? memory.get("persona") ?? "";
  const ids = initialState.personas.map((one) => String(one.id));
  const persona = ids.includes(wantedPersona) ? wantedPersona : ids[0];
  applyState(initialState);
  startSidebar({ openChannel, switchPersona, setLanguage, toggleWeather });
  startTimeline(setText);
  startComposer();
  startDialogs();
  startWeather();
  startTime();
  on("commands-changed", reloadCommandsSoon);
  names.openChannel = (id) => void (channel(id) && openChannel(id));
  names.openCommand = (name) => setText(`/${name} `);
  on("channels", () => !channel() && store.channels.length && openChannel(store.channels[0].id));
  await switchPersona(persona, address.get("channel") ?? memory.get("channel"));
}

/**
 * @template T
 * @param {() => Promise<T>} ask
 * @returns {Promise<T>}
 */
async function retryUntilAnswered(ask) {
  for (;;) {
    try {
      const answer = await ask();
      showBanner(null);
      return answer;
    } catch (error) {
      showBanner(errorText(error), true);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/**
 * Show the page as another person.
 * @param {string} id
 * @param {string | null} [wantedChannel]
 */
async function switchPersona(id, wantedChannel = store.active) {
  closePopover();
  clearWaiting();
  store.persona = id;
  memory.set("persona", id);
  const state = await retryUntilAnswered(() => api.state(id));
  applyState(state);
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
async function setLanguage(locale) {
  await api
    .setLanguage({ persona: store.persona, locale })
    .catch((error) => showToast(error.message, true));
  if (store.persona) await switchPersona(store.persona);
}

/**
 * Show a channel.
 * @param {string} id
 */
async function openChannel(id) {
  if (store.active === id && store.messages.has(id)) return refreshComposer();
  store.active = id;
  store.unread.delete(id);
  memory.set("channel", id);
  emit("channels");
  emit("typing");
  showTopBar();
  resetTimeline();
  const isClosed = isAdultsOnly(id) && memory.get(`adult:${store.persona}`) !== "yes";
  showGate(isClosed);
  if (!isClosed) await loadMessages(id);
  return refreshComposer();
}

/** @param {string} id */
async function loadMessages(id) {
  const thisLoad = (loadCount += 1);
  collectMessages(id);
  try {
    const list = await api.messages(id, store.persona);
    if (thisLoad !== loadCount || id !== store.active) return;
    applyMessages(id, list, store.messages.get(id));
    resetTimeline();
  } catch (error) {
    showToast(errorText(error), true);
  }
}

/** @param {boolean} isClosed */
function showGate(isClosed) {
  const gate = byId("gate");
  for (const part of ["timeline", "write"]) byId(part).hidden = isClosed;
  gate.hidden = !isClosed;
  if (!isClosed) return;
  const confirmAdult = () => {
    memory.set(`adult:${store.persona}`, "yes");
    showGate(false);
    loadMessages(store.active ?? "").then(refreshComposer);
  };
  const goBack = () =>
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
          { type: "button", class: "button plain", id: "gate-no", onclick: goBack },
          "Go back",
        ),
        h(
          "button",
          { type: "button", class: "button danger", id: "gate-yes", onclick: confirmAdult },
          "I am 18 or older",
        ),
      ),
    ),
  );
}

// The bot registers its commands one by one, so read them after a pause.
function reloadCommandsSoon() {
  clearTimeout(commandTimer);
  commandTimer = setTimeout(async () => {
    const state = await api.state(store.persona).catch(() => null);
    if (state) applyCommands(state.commands);
  }, COMMANDS_PAUSE_MS);
}

/**
 * Handle a broken or restored connection: read again what the page missed.
 * @param {boolean} isOpen
 * @param {boolean} wasOpen
 */
async function handleConnection(isOpen, wasOpen) {
  if (!isOpen) {
    if (wasOpen) showBanner("Connection to the local Discord lost. Trying again…", true);
    return;
  }
  showBanner(null);
  if (!wasOpen) return;
  const state = await api.state(store.persona).catch(() => null);
  if (!state) return;
  applyState(state);
  showFrame();
  emit("commands");
  emit("weather");
  emit("fans");
  for (const id of [...store.messages.keys()]) if (id !== store.active) store.messages.delete(id);
  const open = store.active;
  if (!open || !store.messages.has(open)) return;
  const list = await api.messages(open, store.persona).catch(() => null);
  if (list) applyMessages(open, list);
}

/**
 * @param {string | null} text
 * @param {boolean} [isError]
 */
function showBanner(text, isError = false) {
  const element = byId("banner");
  element.hidden = !text;
  element.classList.toggle("bad", isError);
  fill(element, text && [h("span", { class: "dots" }, h("i"), h("i"), h("i")), text]);
}

start();
