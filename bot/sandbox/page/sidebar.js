// The left side (server, channels, current persona), the top bar, the members.
/** @import { Channel, Person } from "./types.js" */
import { userMenu } from "./actions.js";
import { avatar } from "./avatar.js";
import { all, byId, fill, h, iconButton, seek } from "./dom.js";
import { face, icon } from "./icons.js";
import { botState, channel, isAdultsOnly, me, on, store } from "./store.js";
import { trap } from "./trap.js";

/** @type {Record<string, string>} */
const ROLES = { newcomer: "Newcomer", member: "Member", moderator: "Moderator", owner: "Owner" };
const HEADINGS = [
  ["owner", "Owner"],
  ["moderator", "Moderators"],
  ["member", "Members"],
  ["newcomer", "New here"],
];
const THREADS = [10, 11, 12];
const wide = matchMedia("(min-width: 1081px)");
const narrow = matchMedia("(max-width: 760px)");

/**
 * @typedef {{
 *   openChannel: (id: string) => void, become: (id: string) => void, speak: (locale: string) => void,
 *   toggleWeather: () => void,
 * }} Actions What the page does when something here is pressed.
 */

/** @type {Actions} */
let steps;
/** Releases the keyboard focus that the open drawer holds. @type {(() => void) | null} */
let letGo = null;

/**
 * Build the frame. `actions` are {openChannel, become, speak, toggleWeather}.
 * @param {Actions} actions
 */
export function startSidebar(actions) {
  steps = actions;
  byId("scrim").addEventListener("click", hidePlaces);
  addEventListener("keydown", (event) => event.key === "Escape" && hidePlaces());
  narrow.addEventListener("change", hidePlaces);
  on("channels", showPlaces);
  on("bot", () => {
    showMembers();
    showTop();
  });
}

/** Redraw the whole frame. */
export function showFrame() {
  showRail();
  fill(
    byId("guild"),
    h("h1", {}, store.guild.name),
    h("p", {}, "A local Discord · nothing leaves it"),
  );
  showPlaces();
  showSelf();
  showTop();
  showMembers();
}

function showRail() {
  fill(
    byId("rail"),
    h(
      "div",
      { class: "rail-mark" },
      h("div", { class: "server", role: "img", "aria-label": store.guild.name }, face()),
    ),
    h("div", { class: "rail-line" }),
    h(
      "button",
      {
        type: "button",
        class: "rail-tool",
        id: "open-weather",
        "aria-label": "Weather and members: make faults happen, let members vote",
        title: "Weather and members: make faults happen, let members vote",
        "aria-expanded": String(!byId("weather").hidden),
        "aria-controls": "weather",
        onclick: () => {
          hidePlaces();
          steps.toggleWeather();
        },
      },
      icon("cloud"),
      h("span", { class: "count", hidden: true }),
    ),
    h("span", { class: "rail-label", "aria-hidden": "true" }, "Weather"),
  );
}

function showPlaces() {
  seek("open-places")?.classList.toggle("unread", store.unread.size > 0);
  const roots = store.channels.filter((one) => !THREADS.includes(one.type));
  const threads = store.channels.filter((one) => THREADS.includes(one.type));
  /**
   * @param {string} title
   * @param {(parent: string | null) => boolean} ids
   */
  const group = (title, ids) => {
    const inside = roots.filter((one) => ids(one.parent_id ? String(one.parent_id) : null));
    if (!inside.length) return null;
    const rows = inside.flatMap((one) => [
      placeButton(one),
      ...threads.filter((thread) => String(thread.parent_id) === one.id).map(placeButton),
    ]);
    return [h("h2", {}, title), rows];
  };
  const known = new Set(store.categories.map((one) => one.id));
  fill(
    byId("channels"),
    group("Text channels", (id) => id === null || !known.has(id)),
    store.categories.map((one) => group(one.name, (id) => id === one.id)),
  );
}

/** @param {Channel} one */
function placeButton(one) {
  const adults = isAdultsOnly(one.id);
  const unread = store.unread.has(one.id);
  const mentions = store.unread.get(one.id) ?? 0;
  const thread = THREADS.includes(one.type);
  return h(
    "button",
    {
      type: "button",
      class: `channel ${unread ? "unread" : ""} ${thread ? "thread" : ""}`,
      dataset: { channelId: one.id },
      "aria-current": String(one.id === store.active),
      onclick: () => {
        hidePlaces();
        steps.openChannel(one.id);
      },
    },
    icon(thread ? "thread" : "hash"),
    h("span", { class: "name" }, one.name),
    adults && h("span", { class: "adult", title: "Age-restricted" }, "18+"),
    unread && h("span", { class: "hush" }, "unread"),
    mentions > 0 && h("span", { class: "count" }, mentions),
  );
}

function showSelf() {
  const persona = me();
  if (!persona) return;
  fill(
    byId("me"),
    h(
      "div",
      { class: "self" },
      avatar(persona, 36),
      h(
        "span",
        { class: "who" },
        h("b", {}, persona.name),
        h("small", {}, ROLES[persona.role] ?? persona.role),
      ),
    ),
    h(
      "div",
      { class: "eyes", role: "group", "aria-label": "Be somebody else" },
      h("span", {}, "Switch to"),
      store.personas.map((one) =>
        h(
          "button",
          {
            type: "button",
            dataset: { persona: one.id, role: one.role },
            "aria-pressed": String(one.id === store.persona),
            "aria-label": `Be ${one.name}, ${ROLES[one.role] ?? one.role}`,
            title: `${one.name} · ${ROLES[one.role] ?? one.role}`,
            onclick: () => steps.become(one.id),
          },
          avatar(one, 25),
        ),
      ),
    ),
    languageMenu(),
  );
}

/** The language of this person's Discord, and so of the server. */
function languageMenu() {
  /** @param {string} locale */
  const named = (locale) =>
    new Intl.DisplayNames([locale], { type: "language" }).of(locale) ?? locale;
  const menu = h(
    "select",
    { id: "language", onchange: () => steps.speak(menu.value) },
    store.locales.map((one) =>
      h("option", { value: one, selected: one === store.locale }, named(one)),
    ),
  );
  return h("label", { class: "language" }, h("span", {}, "Language"), menu);
}

/** The bar over the messages. */
export function showTop() {
  const place = channel();
  const { text: state, light } = botState();
  fill(
    byId("top"),
    iconButton(icon("menu"), "Channels", openPlaces, {
      id: "open-places",
      class: store.unread.size > 0 ? "unread" : "",
    }),
    place && [
      h("span", { class: "hash" }, icon("hash")),
      h("h2", {}, place.name),
      isAdultsOnly(place.id) && h("span", { class: "adult" }, "18+"),
      h("span", { class: "topic", title: place.topic }, place.topic ?? ""),
    ],
    h(
      "button",
      {
        type: "button",
        class: "bot-state",
        id: "bot-state",
        title: "The bot and the weather",
        "aria-label": `Bot ${state}`,
        dataset: { state },
        onclick: () => steps.toggleWeather(),
      },
      h("span", { class: light }),
      h("span", {}, `Bot ${state}`),
    ),
    iconButton(icon("people"), "Members", toggleMembers, {
      "aria-pressed": String(membersShown()),
      id: "show-members",
    }),
  );
  document.title = place ? `#${place.name} · ${store.guild.name}` : store.guild.name;
}

function membersShown() {
  const side = byId("members");
  return !side.hidden && (wide.matches || side.classList.contains("shown"));
}

function toggleMembers() {
  const side = byId("members");
  const shown = !membersShown();
  side.hidden = !shown;
  side.classList.toggle("shown", shown);
  byId("show-members").setAttribute("aria-pressed", String(shown));
}

function showMembers() {
  const groups = HEADINGS.map(([role, title]) => ({
    title,
    people: store.personas.filter((one) => one.role === role),
  })).filter(({ people }) => people.length);
  const bot = { ...store.bot, role: "bot", bot: true };
  fill(
    byId("members"),
    groups.map(({ title, people }) => [
      h("h3", {}, `${title} — ${people.length}`),
      people.map((one) => member(one, true)),
    ]),
    h("h3", {}, "Apps — 1"),
    member(bot, Boolean(bot.online)),
  );
}

/**
 * @param {Person} one
 * @param {boolean} present
 */
function member(one, present) {
  const row = h(
    "button",
    { type: "button", class: present ? "member" : "member off", onclick: () => userMenu(row, one) },
    h(
      "span",
      { class: "face" },
      avatar(one, 32),
      h("span", { class: present ? "light on" : "light" }),
    ),
    h(
      "span",
      {},
      h("b", {}, one.name),
      " ",
      one.bot && h("span", { class: "badge" }, "App"),
      one.bot && h("small", {}, present ? "Draws what you ask for" : "Offline"),
    ),
  );
  return row;
}

function openPlaces() {
  byId("places").classList.add("shown");
  byId("scrim").hidden = false;
  letGo = trap(byId("places"), () => seek("open-places"));
  all(byId("channels"), "[aria-current='true']", HTMLElement)[0]?.focus();
}

function hidePlaces() {
  byId("places").classList.remove("shown");
  byId("scrim").hidden = true;
  letGo?.();
  letGo = null;
}
