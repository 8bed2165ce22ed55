// The page's state: people, channels, commands, messages. Events of the stream change it here;
// views listen with `on`. Touches no element.
import { sameEmoji } from "./emoji.js";
import { compareIds } from "./dom.js";
/** @import { Bot, Channel, Command, Fans, Guild, Message } from "./types.js" */
/** @import { Named, Names, Person, Weather } from "./types.js" */

const EPHEMERAL = 64;
const CATEGORY = 4;
const TYPING_MS = 10_000;
/** @type {Map<string, ((detail: any) => void)[]>} */
const listeners = new Map();

/**
 * @typedef {object} Store
 * @property {string | null} persona
 * @property {Person[]} personas
 * @property {Person[]} others the simulated members
 * @property {string} locale the language of this person's Discord
 * @property {string[]} locales the available ones
 * @property {Bot} bot
 * @property {Guild} guild
 * @property {Channel[]} channels
 * @property {Channel[]} categories
 * @property {Named[]} roles
 * @property {Command[]} commands
 * @property {Weather} weather
 * @property {Fans} fans
 * @property {string | null} active
 * @property {Map<string, Map<string, Message>>} messages by channel and id, oldest first
 * @property {Map<string, number>} unread mentions of me by channel (0: unread without one)
 * @property {Map<string, Map<string, number>>} typing by channel and user: end time in ms
 */

/** @type {Store} */
export const store = {
  persona: null,
  personas: [],
  others: [],
  locale: "en-US",
  locales: [],
  bot: { id: "", name: "Bot", online: false },
  guild: { id: "", name: "", emojis: [] },
  channels: [],
  categories: [],
  roles: [],
  commands: [],
  weather: {},
  fans: {},
  active: null,
  messages: new Map(),
  unread: new Map(),
  typing: new Map(),
};

/**
 * Call `handler(detail)` whenever `type` happens.
 * @param {string} type
 * @param {(detail: any) => void} handler
 */
export function on(type, handler) {
  listeners.set(type, [...(listeners.get(type) ?? []), handler]);
}

/**
 * Notify the listeners.
 * @param {string} type
 * @param {any} [detail]
 */
export function emit(type, detail) {
  for (const handler of listeners.get(type) ?? []) handler(detail);
}

/** @param {string} id */
export const person = (id) => [...store.personas, ...store.others].find((one) => one.id === id);
export const me = () => store.personas.find((persona) => persona.id === store.persona);
/** @param {string} id */
const category = (id) => store.categories.find((one) => one.id === id);
/** @param {string | null} [id] the open one's, if none is named */
export const channel = (id = store.active) => store.channels.find((one) => one.id === id);
export const isModerator = () => ["moderator", "owner"].includes(me()?.role ?? "");
/** @param {Message} message */
export const isEphemeral = (message) => Boolean(message.flags & EPHEMERAL);
export const guildEmojis = () => store.guild.emojis ?? [];

/** The bot's state in a word, and the classes of its indicator. */
export function botState() {
  const { online, running } = store.bot;
  if (online) return { text: "online", light: "light on" };
  return running
    ? { text: "connecting", light: "light warn" }
    : { text: "offline", light: "light" };
}

/**
 * Whether the channel, or a thread's channel, is age-restricted.
 * @param {string | null} id
 */
export function isAdultsOnly(id) {
  const item = channel(id);
  return Boolean(item?.nsfw || (item?.parent_id && channel(String(item.parent_id))?.nsfw));
}

/**
 * The names behind ids, for markdown. main.js sets the two `open` functions.
 * @type {Names}
 */
export const names = {
  user: (id) => userName(id),
  role: (id) => store.roles.find((one) => one.id === id)?.name ?? "deleted-role",
  channel: (id) => (channel(id) ?? category(id))?.name ?? "unknown",
  openChannel: () => {},
  openCommand: () => {},
};

/** @param {string} id */
function userName(id) {
  if (id === store.bot.id) return store.bot.name;
  return person(id)?.name ?? "unknown-user";
}

/**
 * Apply the result of GET /page/state.
 * @param {any} state
 */
export function applyState(state) {
  store.personas = withTextIds(state.personas);
  store.others = state.others ?? [];
  store.bot = { ...state.bot, id: String(state.bot.id) };
  store.guild = state.guild;
  store.locale = state.locale ?? "en-US";
  store.locales = state.locales ?? [store.locale];
  /** @type {Channel[]} */
  const channels = withTextIds(state.channels);
  store.channels = channels.filter((one) => one.type !== CATEGORY);
  store.categories = channels.filter((one) => one.type === CATEGORY);
  store.roles = state.roles ?? [];
  store.commands = state.commands ?? [];
  store.weather = state.weather ?? {};
  store.fans = state.fans ?? {};
}

/**
 * @template T
 * @param {(T & { id: string | number })[]} list
 */
const withTextIds = (list) => list.map((one) => ({ ...one, id: String(one.id) }));

/**
 * Collect this channel's messages from now on, even while the list is still loading.
 * @param {string} channelId
 */
export function collectMessages(channelId) {
  store.messages.set(channelId, new Map());
}

/**
 * Apply the list of commands that this person may use.
 * @param {Command[]} commands
 */
export function applyCommands(commands) {
  store.commands = commands;
  emit("commands");
}

/**
 * Apply a channel's messages from GET /page/messages; `newer` ones win.
 * @param {string} channelId
 * @param {Message[]} list
 * @param {Map<string, Message>} [newer]
 */
export function applyMessages(channelId, list, newer = new Map()) {
  const all = new Map(list.map((message) => [message.id, message]));
  for (const [id, message] of newer) all.set(id, message);
  store.messages.set(channelId, all);
  emit("messages", { channel: channelId, kind: "all" });
}

/**
 * Hide a message on this page only (Discord's "Dismiss message").
 * @param {Message} message
 */
export function dismiss(message) {
  removeMessages(message.channel_id, [message.id]);
}

/** @param {Message} message */
function putMessage(message) {
  const messages = store.messages.get(message.channel_id);
  if (!messages) return null;
  const earlier = messages.get(message.id);
  messages.set(message.id, earlier ? { ...earlier, ...message } : message);
  const last = [...messages.keys()].at(-2);
  if (!earlier && last && compareIds(last, message.id) > 0) {
    store.messages.set(
      message.channel_id,
      new Map([...messages].sort((left, right) => compareIds(left[0], right[0]))),
    );
  }
  return earlier ? "changed" : "new";
}

/**
 * @param {string} channelId
 * @param {string[]} ids
 */
function removeMessages(channelId, ids) {
  const messages = store.messages.get(channelId);
  for (const id of ids) messages?.delete(id);
  emit("messages", { channel: channelId, kind: "removed", ids });
}

/** @param {Message} message */
function addMessage(message) {
  store.typing.get(message.channel_id)?.delete(message.author?.id);
  const kind = putMessage(message);
  if (kind) emit("messages", { channel: message.channel_id, kind, id: message.id });
  if (kind !== "changed") markUnread(message);
  emit("typing");
}

/** @param {Message} message */
function updateMessage(message) {
  const kind = putMessage(message);
  if (kind) emit("messages", { channel: message.channel_id, kind, id: message.id });
}

/** @param {Message} message */
function markUnread(message) {
  const isAway = document.hidden || message.channel_id !== store.active;
  if (!isAway || message.author?.id === store.persona) return;
  if (message.channel_id === store.active) return;
  const mentioned = (message.mentions ?? []).some((user) => user.id === store.persona) ? 1 : 0;
  store.unread.set(message.channel_id, (store.unread.get(message.channel_id) ?? 0) + mentioned);
  emit("channels");
}

/**
 * @param {any} event
 * @param {1 | -1} step
 */
function changeReaction(event, step) {
  const message = store.messages.get(event.channel_id)?.get(event.message_id);
  if (!message) return;
  const mine = event.user_id === store.persona;
  const list = (message.reactions ?? []).map((one) => ({ ...one }));
  let entry = list.find((one) => sameEmoji(one.emoji, event.emoji));
  if (!entry) list.push((entry = { emoji: event.emoji, count: 0, me: false }));
  if (mine && entry.me === step > 0) return;
  entry.count += step;
  if (mine) entry.me = step > 0;
  message.reactions = list.filter((one) => one.count > 0);
  emit("messages", { channel: event.channel_id, kind: "changed", id: event.message_id });
}

/** @param {any} event */
function removeReactions(event) {
  const message = store.messages.get(event.channel_id)?.get(event.message_id);
  if (!message) return;
  message.reactions = event.emoji
    ? (message.reactions ?? []).filter((one) => !sameEmoji(one.emoji, event.emoji))
    : [];
  emit("messages", { channel: event.channel_id, kind: "changed", id: event.message_id });
}

/** @param {{ user_id: string, channel_id: string }} event */
function addTyper(event) {
  if (event.user_id === store.persona) return;
  const typers = store.typing.get(event.channel_id) ?? new Map();
  store.typing.set(event.channel_id, typers.set(event.user_id, Date.now() + TYPING_MS));
  emit("typing");
  setTimeout(() => emit("typing"), TYPING_MS + 50);
}

/** The names of the people who are typing in the open channel. */
export function typingNames() {
  const now = Date.now();
  return [...(store.typing.get(store.active ?? "") ?? [])]
    .filter(([, until]) => until > now)
    .map(([id]) => userName(id));
}

/**
 * @param {string} type
 * @param {any} data
 */
function changeChannel(type, data) {
  const id = String(data.id);
  const list = data.type === CATEGORY ? "categories" : "channels";
  const isKnown = store[list].some((one) => one.id === id);
  if (type === "CHANNEL_DELETE" || type === "THREAD_DELETE")
    store[list] = store[list].filter((one) => one.id !== id);
  else if (isKnown)
    store[list] = store[list].map((one) => (one.id === id ? { ...one, ...data, id } : one));
  else store[list] = [...store[list], { ...data, id }];
  emit("channels");
}

/** @type {Record<string, (data: any) => void>} */
const HANDLERS = {
  MESSAGE_CREATE: addMessage,
  MESSAGE_UPDATE: updateMessage,
  MESSAGE_DELETE: (data) => removeMessages(data.channel_id, [data.id]),
  MESSAGE_DELETE_BULK: (data) => removeMessages(data.channel_id, data.ids),
  MESSAGE_REACTION_ADD: (data) => changeReaction(data, 1),
  MESSAGE_REACTION_REMOVE: (data) => changeReaction(data, -1),
  MESSAGE_REACTION_REMOVE_ALL: removeReactions,
  MESSAGE_REACTION_REMOVE_EMOJI: removeReactions,
  TYPING_START: addTyper,
  COMMANDS_UPDATE: () => emit("commands-changed"),
  BOT_STATE: (data) => {
    store.bot = { ...store.bot, ...data };
    emit("bot");
  },
  WEATHER: (data) => {
    store.weather = { ...store.weather, ...data };
    emit("weather");
  },
  FANS: (data) => {
    store.fans = data;
    emit("fans");
  },
  INTERACTION: (data) => emit("interaction", data),
  MODAL: (data) => emit("modal", data),
};

/**
 * Apply one event of the stream.
 * @param {string} type
 * @param {any} data
 */
export function applyEvent(type, data) {
  if (HANDLERS[type]) HANDLERS[type](data);
  else if (/^(CHANNEL|THREAD)_(CREATE|UPDATE|DELETE)$/.test(type)) changeChannel(type, data);
}
