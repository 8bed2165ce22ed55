// The small bar over a message: react, apps (context-menu commands), delete.
/** @import { Emoji, Message, Command, Named } from "./types.js" */
import { api, newNonce } from "./api.js";
import { all, h, iconButton } from "./dom.js";
import { emojiNode, sameEmoji } from "./emoji.js";
import { icon } from "./icons.js";
import { expect, forget } from "./interactions.js";
import { close, popover } from "./popover.js";
import { pick, toggle } from "./reactions.js";
import { dismiss, isEphemeral, isModerator, store } from "./store.js";
import { attempt, copyText } from "./toast.js";

const USER_COMMAND = 2;
const MESSAGE_COMMAND = 3;
const QUICK = ["👍", "👎"];
/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

/**
 * The bar of one message.
 * @param {Message} message
 * @param {HTMLElement} item
 */
export function messageActions(message, item) {
  if (isEphemeral(message))
    return h(
      "div",
      { class: "actions" },
      iconButton(icon("close"), "Dismiss message", () => dismiss(message)),
    );
  const mine = message.author.id === store.persona;
  const bar = h(
    "div",
    { class: "actions", role: "toolbar", "aria-label": "Message actions" },
    quickEmoji(message).map((emoji) =>
      iconButton(
        emojiNode(emoji),
        `React with ${emoji.name}`,
        () => toggle(current(message), emoji, isMine(message, emoji)),
        { class: "quick" },
      ),
    ),
    iconButton(icon("react"), "Add a reaction", (event) =>
      hold(item, () => pick(event.currentTarget, message)),
    ),
    iconButton(icon("more"), "Apps and more", (event) =>
      hold(item, () => menu(event.currentTarget, message)),
    ),
    (mine || isModerator()) &&
      iconButton(icon("trash"), "Delete message", () => erase(message), { class: "danger" }),
  );
  return oneTabStop(bar);
}

/**
 * The context menu of a message, at the pointer.
 * @param {MouseEvent} event
 * @param {Message} message
 * @param {HTMLElement} item
 */
export function messageMenu(event, message, item) {
  if (isEphemeral(message) || !(event.target instanceof Element)) return;
  if (event.target.closest("a, img, input, textarea, .components")) return;
  if (!getSelection()?.isCollapsed) return; // Somebody wants to copy the selection.
  event.preventDefault();
  const at = { left: `${event.clientX}px`, top: `${event.clientY}px` };
  const point = h("span", { class: "point", style: at });
  document.body.append(point);
  hold(item, () => menu(point, message, () => point.remove()));
}

/**
 * The two emoji of the message's vote, or the usual ones.
 * @param {Message} message
 * @returns {Emoji[]}
 */
export function quickEmoji(message) {
  const opened = (message.reactions ?? []).slice(0, QUICK.length);
  return opened.length === QUICK.length
    ? opened.map((entry) => entry.emoji)
    : QUICK.map((name) => ({ name }));
}

/**
 * A bar of buttons is one Tab stop; the arrows move inside it (WAI-ARIA, "Toolbar pattern").
 * @param {HTMLElement} bar
 */
function oneTabStop(bar) {
  const buttons = all(bar, "button", HTMLElement);
  /** @param {number} at */
  const rest = (at) => buttons.forEach((one, place) => (one.tabIndex = place === at ? 0 : -1));
  rest(0);
  bar.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const at = buttons.findIndex((one) => one === document.activeElement);
    const next = (at + step + buttons.length) % buttons.length;
    rest(next);
    buttons[next].focus();
  });
  return bar;
}

/** @param {Message} message */
const current = (message) => store.messages.get(message.channel_id)?.get(message.id) ?? message;

/**
 * @param {Message} message
 * @param {Emoji} emoji
 */
function isMine(message, emoji) {
  const { reactions = [] } = current(message);
  return reactions.some((entry) => sameEmoji(entry.emoji, emoji) && entry.me);
}

/**
 * The bar stays while its panel is open.
 * @param {HTMLElement} item
 * @param {() => void} open
 */
function hold(item, open) {
  open();
  item.classList.add("menu");
  const watch = new MutationObserver(() => {
    if (document.querySelector(".popover")) return;
    item.classList.remove("menu");
    watch.disconnect();
  });
  watch.observe(document.body, { childList: true });
}

/**
 * @param {HTMLElement} anchor
 * @param {Message} message
 * @param {() => void} [closed]
 */
function menu(anchor, message, closed) {
  const commands = store.commands.filter((command) => command.type === MESSAGE_COMMAND);
  popover(
    anchor,
    h(
      "div",
      { class: "menu-list" },
      h("h4", {}, "Apps"),
      commands.length
        ? commands.map((command) => appButton(command, message.id))
        : h("p", {}, "The bot has no message commands."),
      h(
        "button",
        { type: "button", onclick: () => copy(message.id) },
        icon("link"),
        "Copy message ID",
      ),
    ),
    { label: "Apps and more", closed },
  );
}

/**
 * The user commands that the bot offers for a person.
 * @param {HTMLElement} anchor
 * @param {Named} user
 */
export function userMenu(anchor, user) {
  const commands = store.commands.filter((command) => command.type === USER_COMMAND);
  popover(
    anchor,
    h(
      "div",
      { class: "menu-list" },
      h("h4", {}, user.name),
      commands.map((command) => appButton(command, user.id)),
      h("button", { type: "button", onclick: () => copy(user.id) }, icon("link"), "Copy user ID"),
    ),
    { label: user.name },
  );
}

/**
 * @param {Command} command
 * @param {string} target
 */
function appButton(command, target) {
  return h(
    "button",
    {
      type: "button",
      onclick: () => {
        close();
        runContext(command, target);
      },
    },
    icon("bolt"),
    command.label ?? command.name,
  );
}

/**
 * @param {Command} command
 * @param {string} target
 */
async function runContext(command, target) {
  const nonce = newNonce();
  expect(nonce, { kind: "command", name: command.name, slash: false, channel: store.active });
  const answer = await attempt(
    api.context({
      persona: store.persona,
      channel: store.active,
      name: command.name,
      target_id: target,
      nonce,
    }),
  );
  if (!answer) forget(nonce);
}

/** @param {string} text */
function copy(text) {
  close();
  copyText(text);
}

/** @param {Message} message */
function erase(message) {
  return attempt(
    api.erase({ persona: store.persona, channel: message.channel_id, message_id: message.id }),
  );
}
