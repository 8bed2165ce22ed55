// The components of a message, below its text or instead of it: draws buttons, selects and layouts,
// and sends presses.
/** @import { Child } from "./dom.js" */
/** @import { Message, Part } from "./types.js" */
import { api, newNonce } from "./api.js";
import { h, safeUrl } from "./dom.js";
import { emojiNode } from "./emoji.js";
import { icon } from "./icons.js";
import { expectAnswer } from "./interactions.js";
import { LAYOUT } from "./layout.js";
import { isSelect, selectButton } from "./selects.js";
import { store } from "./store.js";
import { errorText, showToast } from "./toast.js";

const ROW = 1;
const BUTTON = 2;
const LINK = 5;
/** @type {Record<number, string>} */
const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "secondary" };

/**
 * The components of a message as elements.
 * @param {Message} message
 */
export function components(message) {
  return (message.components ?? []).map((part) => componentElement(part, message));
}

/**
 * @param {Part} part
 * @param {Message} message
 * @returns {Child}
 */
function componentElement(part, message) {
  /** @param {Part} inner */
  const drawInner = (inner) => componentElement(inner, message);
  if (part.type === ROW)
    return h("div", { class: "row-of" }, (part.components ?? []).map(drawInner));
  if (part.type === BUTTON) return part.style === LINK ? linkButton(part) : button(part, message);
  if (isSelect(part)) return selectButton(part, (values) => pressComponent(part, message, values));
  return LAYOUT[part.type]?.(part, drawInner) ?? null;
}

/** @param {Part} part */
function buttonContent(part) {
  return [part.emoji && emojiNode(part.emoji), part.label && h("span", {}, part.label)];
}

/** @param {Part} part */
function linkButton(part) {
  const href = safeUrl(part.url);
  return h(
    "a",
    { class: "button", href, target: "_blank", rel: "noreferrer noopener" },
    buttonContent(part),
    icon("out"),
  );
}

/**
 * @param {Part} part
 * @param {Message} message
 */
function button(part, message) {
  const element = h(
    "button",
    {
      type: "button",
      class: `button ${STYLES[part.style] ?? ""}`,
      disabled: part.disabled,
      dataset: { customId: part.custom_id },
      "aria-label": part.label ? null : part.emoji?.name,
      onclick: () => pressComponent(part, message, undefined, element),
    },
    buttonContent(part),
  );
  return element;
}

/**
 * @param {Part} part
 * @param {Message} message
 * @param {unknown[]} [values] of a select
 * @param {HTMLElement} [element]
 */
async function pressComponent(part, message, values, element) {
  const nonce = newNonce();
  element?.classList.add("waiting");
  const done = () => element?.classList.remove("waiting");
  expectAnswer(nonce, { kind: "component", message, done });
  try {
    await api.component({
      persona: store.persona,
      message_id: message.id,
      custom_id: part.custom_id,
      values,
      nonce,
    });
  } catch (error) {
    element?.classList.remove("waiting");
    showToast(errorText(error), true);
  }
}
