// The small bar over a message: react, run context-menu commands, delete.
/** @import { Emoji, Message, Command, Named } from "./types.js" */
import { api, newNonce } from "./api.js";
import { findAll, h, iconButton } from "./dom.js";
import { emojiNode, sameEmoji } from "./emoji.js";
import { icon } from "./icons.js";
import { expectAnswer, stopWaiting } from "./interactions.js";
import { closePopover, openPopover } from "./popover.js";
import { pickReaction, toggleReaction } from "./reactions.js";
import { dismiss, isEphemeral, isModerator, store } from "./store.js";
import { attempt, copyText } from "./toast.js";

const USER_COMMAND = 2;
const MESSAGE_COMMAND = 3;
const QUICK_EMOJI = ["👍", "👎"];
/** @type {Record<string, number>} */
const ARROW_STEPS = { ArrowRight: 1, ArrowLeft: -1 };

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
        () => toggleReaction(latestVersion(message), emoji, isMine(message, emoji)),
        { class: "quick" },
      ),
    ),
    iconButton(icon("react"), "Add a reaction", (event) =>
      keepBarOpen(item, () => pickReaction(event.currentTarget, message)),
    ),
    iconButton(icon("more"), "Apps and more", (event) =>
      keepBarOpen(item, () => openMessageMenu(event.currentTarget, message)),
    ),
    (mine || isModerator()) &&
      iconButton(icon("trash"), "Delete message", () => deleteMessage(message), {
        class: "danger",
      }),
  );
  return makeOneTabStop(bar);
}

/**
 * Open a message's context menu at the pointer.
 * @param {MouseEvent} event
 * @param {Message} message
 * @param {HTMLElement} item
 */
export function openContextMenu(event, message, item) {
  if (isEphemeral(message) || !(event.target instanceof Element)) return;
  if (event.target.closest("a, img, input, textarea, .components")) return;
  if (!getSelection()?.isCollapsed) return; // The person may want to copy the selection.
  event.preventDefault();
  const position = { left: `${event.clientX}px`, top: `${event.clientY}px` };
  const anchor = h("span", { class: "point", style: position });
  document.body.append(anchor);
  keepBarOpen(item, () => openMessageMenu(anchor, message, () => anchor.remove()));
}

/**
 * The two emoji of the message's vote, or the usual ones.
 * @param {Message} message
 * @returns {Emoji[]}
 */
export function quickEmoji(message) {
  const seeded = (message.reactions ?? []).slice(0, QUICK_EMOJI.length);
  return seeded.length === QUICK_EMOJI.length
    ? seeded.map((entry) => entry.emoji)
    : QUICK_EMOJI.map((name) => ({ name }));
}

/**
 * Make a bar of buttons one Tab stop, with the arrows moving inside (WAI-ARIA, "Toolbar pattern").
 * @param {HTMLElement} bar
 */
function makeOneTabStop(bar) {
  const buttons = findAll(bar, "button", HTMLElement);
  /** @param {number} current */
  const moveTabStop = (current) =>
    buttons.forEach((button, index) => (button.tabIndex = index === current ? 0 : -1));
  moveTabStop(0);
  bar.addEventListener("keydown", (event) => {
    const step = ARROW_STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const current = buttons.findIndex((button) => button === document.activeElement);
    const next = (current + step + buttons.length) % buttons.length;
    moveTabStop(next);
    buttons[next].focus();
  });
  return bar;
}

/** @param {Message} message */
const latestVersion = (message) =>
  store.messages.get(message.channel_id)?.get(message.id) ?? message;

/**
 * @param {Message} message
 * @param {Emoji} emoji
 */
function isMine(message, emoji) {
  const { reactions = [] } = latestVersion(message);
  return reactions.some((entry) => sameEmoji(entry.emoji, emoji) && entry.me);
}

/**
 * Open a panel, and keep the bar visible while it is open.
 * @param {HTMLElement} item
 * @param {() => void} open
 */
function keepBarOpen(item, open) {
  open();
  item.classList.add("menu");
  const observer = new MutationObserver(() => {
    if (document.querySelector(".popover")) return;
    item.classList.remove("menu");
    observer.disconnect();
  });
  observer.observe(document.body, { childList: true });
}

/**
 * @param {HTMLElement} anchor
 * @param {Message} message
 * @param {() => void} [onClose]
 */
function openMessageMenu(anchor, message, onClose) {
  const commands = store.commands.filter((command) => command.type === MESSAGE_COMMAND);
  openPopover(
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
        { type: "button", onclick: () => copyId(message.id) },
        icon("link"),
        "Copy message ID",
      ),
    ),
    { label: "Apps and more", onClose },
  );
}

/**
 * Open the menu of the bot's user commands for a person.
 * @param {HTMLElement} anchor
 * @param {Named} user
 */
export function openUserMenu(anchor, user) {
  const commands = store.commands.filter((command) => command.type === USER_COMMAND);
  openPopover(
    anchor,
    h(
      "div",
      { class: "menu-list" },
      h("h4", {}, user.name),
      commands.map((command) => appButton(command, user.id)),
      h("button", { type: "button", onclick: () => copyId(user.id) }, icon("link"), "Copy user ID"),
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
        closePopover();
        runMenuCommand(command, target);
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
async function runMenuCommand(command, target) {
  const nonce = newNonce();
  expectAnswer(nonce, { kind: "command", name: command.name, slash: false, channel: store.active });
  const answer = await attempt(
    api.context({
      persona: store.persona,
      channel: store.active,
      name: command.name,
      target_id: target,
      nonce,
    }),
  );
  if (!answer) stopWaiting(nonce);
}

/** @param {string} id */
function copyId(id) {
  closePopover();
  copyText(id);
}

/** @param {Message} message */
function deleteMessage(message) {
  return attempt(
    api.deleteMessage({
      persona: store.persona,
      channel: message.channel_id,
      message_id: message.id,
    }),
  );
}
