// The left side (server, channels, current persona), the top bar and the member list.
/** @import { Channel, Person } from "./types.js" */
import { openUserMenu } from "./actions.js";
import { avatar } from "./avatar.js";
import { findAll, byId, fill, h, iconButton, findById } from "./dom.js";
import { botFace, icon } from "./icons.js";
import { botState, channel, isAdultsOnly, me, on, store } from "./store.js";
import { trapFocus } from "./trap.js";

/** @type {Record<string, string>} */
const ROLES = { newcomer: "Newcomer", member: "Member", moderator: "Moderator", owner: "Owner" };
const ROLE_HEADINGS = [
  ["owner", "Owner"],
  ["moderator", "Moderators"],
  ["member", "Members"],
  ["newcomer", "New here"],
];
const THREAD_TYPES = [10, 11, 12];
const wideScreen = matchMedia("(min-width: 1081px)");
const narrowScreen = matchMedia("(max-width: 760px)");

/**
 * @typedef {{
 *   openChannel: (id: string) => void, switchPersona: (id: string) => void,
 *   setLanguage: (locale: string) => void, toggleWeather: () => void,
 * }} Actions What the buttons here do on the page.
 */

/** @type {Actions} */
let pageActions;
/** Frees the keyboard focus from the open channel list. @type {(() => void) | null} */
let releaseFocus = null;

/**
 * Build the frame. `actions` are {openChannel, switchPersona, setLanguage, toggleWeather}.
 * @param {Actions} actions
 */
export function startSidebar(actions) {
  pageActions = actions;
  byId("scrim").addEventListener("click", hideChannelList);
  addEventListener("keydown", (event) => event.key === "Escape" && hideChannelList());
  narrowScreen.addEventListener("change", hideChannelList);
  on("channels", showChannels);
  on("bot", () => {
    showMembers();
    showTopBar();
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
  showChannels();
  showPersona();
  showTopBar();
  showMembers();
}

function showRail() {
  fill(
    byId("rail"),
    h(
      "div",
      { class: "rail-mark" },
      h("div", { class: "server", role: "img", "aria-label": store.guild.name }, botFace()),
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
          hideChannelList();
          pageActions.toggleWeather();
        },
      },
      icon("cloud"),
      h("span", { class: "count", hidden: true }),
    ),
    h("span", { class: "rail-label", "aria-hidden": "true" }, "Weather"),
  );
}

function showChannels() {
  findById("open-places")?.classList.toggle("unread", store.unread.size > 0);
  const roots = store.channels.filter((one) => !THREAD_TYPES.includes(one.type));
  const threads = store.channels.filter((one) => THREAD_TYPES.includes(one.type));
  /**
   * @param {string} title
   * @param {(parent: string | null) => boolean} isInside
   */
  const group = (title, isInside) => {
    const shown = roots.filter((one) => isInside(one.parent_id ? String(one.parent_id) : null));
    if (!shown.length) return null;
    const rows = shown.flatMap((one) => [
      channelButton(one),
      ...threads.filter((thread) => String(thread.parent_id) === one.id).map(channelButton),
    ]);
    return [h("h2", {}, title), rows];
  };
  const categoryIds = new Set(store.categories.map((one) => one.id));
  fill(
    byId("channels"),
    group("Text channels", (id) => id === null || !categoryIds.has(id)),
    store.categories.map((one) => group(one.name, (id) => id === one.id)),
  );
}

/** @param {Channel} item */
function channelButton(item) {
  const adultsOnly = isAdultsOnly(item.id);
  const unread = store.unread.has(item.id);
  const mentions = store.unread.get(item.id) ?? 0;
  const isThread = THREAD_TYPES.includes(item.type);
  return h(
    "button",
    {
      type: "button",
      class: `channel ${unread ? "unread" : ""} ${isThread ? "thread" : ""}`,
      dataset: { channelId: item.id },
      "aria-current": String(item.id === store.active),
      onclick: () => {
        hideChannelList();
        pageActions.openChannel(item.id);
      },
    },
    icon(isThread ? "thread" : "hash"),
    h("span", { class: "name" }, item.name),
    adultsOnly && h("span", { class: "adult", title: "Age-restricted" }, "18+"),
    unread && h("span", { class: "visually-hidden" }, "unread"),
    mentions > 0 && h("span", { class: "count" }, mentions),
  );
}

function showPersona() {
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
            onclick: () => pageActions.switchPersona(one.id),
          },
          avatar(one, 25),
        ),
      ),
    ),
    languageMenu(),
  );
}

/** The menu for the language of this person's Discord, which is also the server's. */
function languageMenu() {
  /** @param {string} locale */
  const languageName = (locale) =>
    new Intl.DisplayNames([locale], { type: "language" }).of(locale) ?? locale;
  const menu = h(
    "select",
    { id: "language", onchange: () => pageActions.setLanguage(menu.value) },
    store.locales.map((one) =>
      h("option", { value: one, selected: one === store.locale }, languageName(one)),
    ),
  );
  return h("label", { class: "language" }, h("span", {}, "Language"), menu);
}

/** The bar over the messages. */
export function showTopBar() {
  const current = channel();
  const { text: state, light } = botState();
  fill(
    byId("top"),
    iconButton(icon("menu"), "Channels", openChannelList, {
      id: "open-places",
      class: store.unread.size > 0 ? "unread" : "",
    }),
    current && [
      h("span", { class: "hash" }, icon("hash")),
      h("h2", {}, current.name),
      isAdultsOnly(current.id) && h("span", { class: "adult" }, "18+"),
      h("span", { class: "topic", title: current.topic }, current.topic ?? ""),
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
        onclick: () => pageActions.toggleWeather(),
      },
      h("span", { class: light }),
      h("span", {}, `Bot ${state}`),
    ),
    iconButton(icon("people"), "Members", toggleMembers, {
      "aria-pressed": String(areMembersShown()),
      id: "show-members",
    }),
  );
  document.title = current ? `#${current.name} · ${store.guild.name}` : store.guild.name;
}

function areMembersShown() {
  const list = byId("members");
  return !list.hidden && (wideScreen.matches || list.classList.contains("shown"));
}

function toggleMembers() {
  const list = byId("members");
  const show = !areMembersShown();
  list.hidden = !show;
  list.classList.toggle("shown", show);
  byId("show-members").setAttribute("aria-pressed", String(show));
}

function showMembers() {
  const groups = ROLE_HEADINGS.map(([role, title]) => ({
    title,
    people: store.personas.filter((one) => one.role === role),
  })).filter(({ people }) => people.length);
  const bot = { ...store.bot, role: "bot", bot: true };
  fill(
    byId("members"),
    groups.map(({ title, people }) => [
      h("h3", {}, `${title} — ${people.length}`),
      people.map((one) => memberButton(one, true)),
    ]),
    h("h3", {}, "Apps — 1"),
    memberButton(bot, Boolean(bot.online)),
  );
}

/**
 * @param {Person} person
 * @param {boolean} isOnline
 */
function memberButton(person, isOnline) {
  const row = h(
    "button",
    {
      type: "button",
      class: isOnline ? "member" : "member off",
      onclick: () => openUserMenu(row, person),
    },
    h(
      "span",
      { class: "face" },
      avatar(person, 32),
      h("span", { class: isOnline ? "light on" : "light" }),
    ),
    h(
      "span",
      {},
      h("b", {}, person.name),
      " ",
      person.bot && h("span", { class: "badge" }, "App"),
      person.bot && h("small", {}, isOnline ? "Draws what you ask for" : "Offline"),
    ),
  );
  return row;
}

function openChannelList() {
  byId("places").classList.add("shown");
  byId("scrim").hidden = false;
  releaseFocus = trapFocus(byId("places"), () => findById("open-places"));
  findAll(byId("channels"), "[aria-current='true']", HTMLElement)[0]?.focus();
}

function hideChannelList() {
  byId("places").classList.remove("shown");
  byId("scrim").hidden = true;
  releaseFocus?.();
  releaseFocus = null;
}
