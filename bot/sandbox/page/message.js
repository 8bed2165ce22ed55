// One message as a list item. `patchMessage` changes only the parts whose data changed, so that a
// live edit neither flickers nor moves the keyboard focus.
/** @import { Child } from "./dom.js" */
/** @import { Message } from "./types.js" */
import { patchAttachments } from "./attachments.js";
import { avatar } from "./avatar.js";
import { messageActions, openContextMenu, quickEmoji } from "./actions.js";
import { components } from "./components.js";
import { findAll, fill, h } from "./dom.js";
import { embedElement } from "./embeds.js";
import { emojiKey, isJumbo } from "./emoji.js";
import { icon } from "./icons.js";
import { markdown, plainText } from "./markdown.js";
import { patchReactions } from "./reactions.js";
import { dismiss, isEphemeral, names, store } from "./store.js";
import { timeText, fullDateText, dayAndTime } from "./time.js";

const LOADING = 128;
const COMPONENTS_V2 = 32768;
const CONTEXT_COMMAND = 23;
const REPLY = 19;

/**
 * @typedef {{
 *   lead: HTMLElement, byline: HTMLElement, content: HTMLElement, attachments: HTMLElement,
 *   embeds: HTMLElement, components: HTMLElement, failed: HTMLElement, reactions: HTMLElement,
 *   below: HTMLElement, stamp: HTMLElement, shown: Record<string, string>,
 * }} Parts The elements of one item, and the data that they show.
 * @typedef {{ key: string, text: string, user?: any, make: () => Child }} Lead
 */

/** @type {WeakMap<HTMLElement, Parts>} */
const partsByItem = new WeakMap();

/**
 * A new, empty list item for a message.
 * @param {Message} message
 */
export function messageItem(message) {
  const part = {
    lead: h("div", { class: "lead", hidden: true }),
    byline: h("div", { class: "byline" }),
    content: h("div", { class: "content" }),
    attachments: h("div", { class: "attachments", hidden: true }),
    embeds: h("div", { class: "embeds", hidden: true }),
    components: h("div", { class: "components", hidden: true }),
    failed: h("div", { class: "failed", role: "status", hidden: true }),
    reactions: h("div", { class: "reactions", hidden: true }),
    below: h("div", { class: "below", hidden: true }),
    stamp: h("time", { class: "stamp" }),
    shown: {},
  };
  const item = h(
    "li",
    {
      class: "message",
      dataset: { messageId: message.id },
      oncontextmenu: (/** @type {MouseEvent} */ event) => openContextMenu(event, message, item),
    },
    part.stamp,
    part.lead,
    part.byline,
    part.content,
    part.attachments,
    part.embeds,
    part.components,
    part.failed,
    part.reactions,
    part.below,
  );
  partsByItem.set(item, part);
  return item;
}

/**
 * Update an item. With `first` it starts a group and shows the author.
 * @param {HTMLElement} item
 * @param {Message} message
 * @param {boolean} first
 */
export function patchMessage(item, message, first) {
  const part = partsOf(item);
  /**
   * @param {string} name
   * @param {unknown} data
   */
  const hasChanged = (name, data) => {
    const text = JSON.stringify(data) ?? "";
    if (part.shown[name] === text) return false;
    part.shown[name] = text;
    return true;
  };
  const lead = first ? leadOf(message) : null;
  if (hasChanged("frame", [first, Boolean(lead), ...frameData(message)]))
    patchFrame(item, part, message, first, lead);
  if (hasChanged("lead", lead && [lead.key, lead.text])) showLead(part.lead, lead);
  if (hasChanged("content", [message.content, message.edited_timestamp, message.flags]))
    showContent(part.content, message);
  // A message made of components shows only the files that they name.
  const files = message.flags & COMPONENTS_V2 ? [] : (message.attachments ?? []);
  if (hasChanged("attachments", files)) patchAttachments(part.attachments, files);
  const { embeds = [], components: laid = [], reactions = [] } = message;
  if (hasChanged("embeds", embeds)) showList(part.embeds, embeds.map(embedElement));
  if (hasChanged("components", laid)) showComponents(part, message);
  if (hasChanged("reactions", reactions)) patchReactions(part.reactions, message);
}

/**
 * The data that a message's frame depends on.
 * @param {Message} message
 */
const frameData = (message) => [
  message.author,
  message.flags,
  message.timestamp,
  mentionsMe(message),
  store.persona,
  quickEmoji(message).map(emojiKey),
];

/** @param {HTMLElement} item */
function partsOf(item) {
  const part = partsByItem.get(item);
  if (!part) throw new Error("this is no message's item");
  return part;
}

/**
 * Show below a message that a press of its button failed; null hides the notice.
 * @param {HTMLElement} item
 * @param {string | null} text
 */
export function showFailure(item, text) {
  const { failed } = partsOf(item);
  failed.hidden = !text;
  fill(failed, text && [icon("alert"), text]);
}

/** @param {Message} message */
function mentionsMe(message) {
  return (
    (message.mentions ?? []).some((user) => user.id === store.persona) && !isEphemeral(message)
  );
}

/**
 * @param {HTMLElement} item
 * @param {Parts} part
 * @param {Message} message
 * @param {boolean} first
 * @param {Lead | null} lead
 */
function patchFrame(item, part, message, first, lead) {
  const ephemeral = isEphemeral(message);
  const date = new Date(message.timestamp);
  item.classList.toggle("first", first);
  item.classList.toggle("has-lead", Boolean(lead));
  item.classList.toggle("ephemeral", ephemeral);
  item.classList.toggle("mine-mentioned", mentionsMe(message));
  item.querySelector(":scope > .avatar")?.remove();
  part.byline.hidden = !first;
  part.stamp.hidden = first;
  fill(part.stamp, timeText(date));
  if (first) {
    item.prepend(avatar(message.author));
    fill(
      part.byline,
      h("span", { class: "name" }, displayName(message.author)),
      message.author.bot && h("span", { class: "badge" }, "App"),
      h("time", { datetime: message.timestamp, title: fullDateText(date) }, dayAndTime(date)),
    );
  }
  part.below.hidden = !ephemeral;
  fill(
    part.below,
    ephemeral && [
      icon("eye"),
      "Only you can see this ·",
      h("button", { type: "button", onclick: () => dismiss(message) }, "Dismiss message"),
    ],
  );
  item.querySelector(":scope > .actions")?.remove();
  item.append(messageActions(message, item));
}

/**
 * The name to show for a user.
 * @param {any} user
 */
export function displayName(user) {
  const name = names.user(user.id);
  return name === "unknown-user" ? (user.global_name ?? user.username) : name;
}

/**
 * @param {Message} message
 * @returns {Lead | null}
 */
function leadOf(message) {
  const user = message.interaction?.user ?? message.interaction_metadata?.user;
  const name = message.interaction?.name ?? message.interaction_metadata?.name;
  if (name && user) {
    return {
      key: "used",
      user,
      text: name,
      make: () => [
        " used ",
        h("span", { class: "used" }, message.type === CONTEXT_COMMAND ? name : `/${name}`),
      ],
    };
  }
  if (message.type !== REPLY && !message.message_reference) return null;
  const original = message.referenced_message;
  if (!original)
    return { key: "lost", text: "", make: () => [h("i", {}, "Original message was deleted")] };
  const excerpt = plainText(original.content, names).slice(0, 200) || "Click to see the picture";
  return {
    key: "reply",
    user: original.author,
    text: excerpt,
    make: () => [
      h("button", { type: "button", class: "said", onclick: () => jumpTo(original.id) }, excerpt),
    ],
  };
}

/**
 * @param {HTMLElement} element
 * @param {Lead | null} lead
 */
function showLead(element, lead) {
  element.hidden = !lead;
  fill(
    element,
    lead && [
      lead.user && avatar(lead.user, 17),
      lead.user && h("b", {}, displayName(lead.user)),
      lead.make(),
    ],
  );
}

/** @param {string} id */
function jumpTo(id) {
  const target = document.querySelector(`[data-message-id="${CSS.escape(id)}"]`);
  target?.scrollIntoView({ block: "center", behavior: "smooth" });
  target?.animate([{ backgroundColor: "rgb(124 109 242 / 35%)" }, {}], 1400);
}

/**
 * @param {HTMLElement} element
 * @param {Message} message
 */
function showContent(element, message) {
  const text = message.content ?? "";
  element.classList.toggle("jumbo", isJumbo(text));
  if (message.flags & LOADING && !text) {
    fill(
      element,
      h(
        "span",
        { class: "thinking" },
        h("span", { class: "dots" }, h("i"), h("i"), h("i")),
        `${displayName(message.author)} is thinking…`,
      ),
    );
  } else
    fill(
      element,
      text && markdown(text, names),
      text &&
        message.edited_timestamp && [
          " ",
          h(
            "span",
            { class: "edited", title: fullDateText(new Date(message.edited_timestamp)) },
            "(edited)",
          ),
        ],
    );
}

/**
 * @param {HTMLElement} element
 * @param {Child[]} list
 */
function showList(element, list) {
  element.hidden = list.length === 0;
  fill(element, list);
}

/**
 * @param {Parts} part
 * @param {Message} message
 */
function showComponents(part, message) {
  const focused = document.activeElement;
  const hasFocus = focused instanceof HTMLElement && part.components.contains(focused);
  const focusedId = hasFocus ? focused.dataset.customId : null;
  showList(part.components, components(message));
  if (!focusedId) return;
  const selector = `[data-custom-id="${CSS.escape(focusedId)}"]`;
  findAll(part.components, selector, HTMLElement)[0]?.focus({ preventScroll: true });
}
