// Selects of every kind, in messages and in forms: their options and their behaviour.
/** @import { Part } from "./types.js" */
import { h } from "./dom.js";
import { emojiNode } from "./emoji.js";
import { icon } from "./icons.js";
import { closePopover, openPopover } from "./popover.js";
import { store } from "./store.js";
import { showToast } from "./toast.js";

/**
 * @typedef {{
 *   label: string, value: string, description?: string, emoji?: any, default?: boolean,
 * }} Row
 * @typedef {{
 *   minimum: number, maximum: number, chosen: string[], finish: (values: string[]) => void,
 * }} Selection
 */

const TEXT_SELECT = 3;
const USER_SELECT = 5;
const ROLE_SELECT = 6;
const MENTIONABLE_SELECT = 7;
const CHANNEL_SELECT = 8;
const KINDS = [TEXT_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT];

/**
 * Whether this component is a select.
 * @param {Part | undefined} part
 */
export const isSelect = (part) => part !== undefined && KINDS.includes(part.type);

const people = () =>
  [...store.personas, store.bot].map((one) => ({ label: one.name, value: one.id }));
const roles = () => store.roles.map((one) => ({ label: `@${one.name}`, value: one.id }));

/** @param {Part} part */
function channels(part) {
  const wanted = part.channel_types;
  return [...store.channels, ...store.categories]
    .filter((one) => !wanted?.length || wanted.includes(one.type))
    .map((one) => ({
      label: store.categories.includes(one) ? one.name : `#${one.name}`,
      value: one.id,
    }));
}

/** @type {Record<number, (part: Part) => Row[]>} */
const OPTIONS_BY_TYPE = {
  [USER_SELECT]: people,
  [ROLE_SELECT]: roles,
  [MENTIONABLE_SELECT]: () => [...people(), ...roles()],
  [CHANNEL_SELECT]: channels,
};

/**
 * The options of a select.
 * @param {Part} part
 * @returns {Row[]}
 */
const optionsOf = (part) => OPTIONS_BY_TYPE[part.type]?.(part) ?? part.options ?? [];

/**
 * The values chosen by default.
 * @param {Part} part
 * @returns {string[]}
 */
export function defaultValues(part) {
  if (part.type !== TEXT_SELECT)
    return (part.default_values ?? []).map((/** @type {any} */ one) => String(one.id));
  return optionsOf(part)
    .filter((option) => option.default)
    .map((option) => option.value);
}

/**
 * A select of any kind.
 * @param {Part} part
 * @param {(values: string[]) => void} onChoice called with the chosen values
 */
export function selectButton(part, onChoice) {
  let chosen = defaultValues(part);
  const label = h("span", {});
  const showChoice = () => {
    label.textContent = labelOf(part, chosen);
    label.classList.toggle("hollow", chosen.length === 0);
  };
  /** @param {string[]} values */
  const finish = (values) => {
    chosen = values;
    showChoice();
    closePopover(true);
    onChoice(values);
  };
  const minimum = part.required === false ? 0 : (part.min_values ?? 1);
  const element = h(
    "button",
    {
      type: "button",
      class: "select",
      disabled: part.disabled,
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      dataset: { customId: part.custom_id },
      onclick: () =>
        openOptions(element, part, { minimum, maximum: part.max_values ?? 1, chosen, finish }),
    },
    label,
    icon("down"),
  );
  showChoice();
  return element;
}

/**
 * @param {Part} part
 * @param {string[]} chosen
 */
function labelOf(part, chosen) {
  const options = optionsOf(part);
  const names = chosen.map(
    (value) => options.find((option) => option.value === value)?.label ?? "Unknown",
  );
  return names.length ? names.join(", ") : (part.placeholder ?? "Make a selection");
}

/**
 * @param {HTMLElement} anchor
 * @param {Part} part
 * @param {Selection} selection
 */
function openOptions(anchor, part, { minimum, maximum, chosen, finish }) {
  const picked = new Set(chosen);
  const isMultiple = maximum > 1;
  const label = part.placeholder ?? "Options";
  const list = h(
    "div",
    {
      class: "options",
      role: "listbox",
      "aria-label": label,
      "aria-multiselectable": isMultiple ? "true" : null,
    },
    optionsOf(part).map((option) => optionRow(option, maximum, picked, finish)),
  );
  const apply = () => {
    if (picked.size < minimum) showToast(`Choose at least ${minimum}.`, true);
    else finish([...picked]);
  };
  const footerButton =
    (isMultiple && bottomButton("Done", "primary", apply)) ||
    (minimum === 0 && chosen.length > 0 && bottomButton("Clear", "plain", () => finish([])));
  openPopover(anchor, [list, footerButton && h("div", { class: "options-foot" }, footerButton)], {
    label,
    matchWidth: true,
  });
}

/**
 * @param {string} text
 * @param {string} style
 * @param {() => void} onclick
 */
function bottomButton(text, style, onclick) {
  return h("button", { type: "button", class: `button ${style}`, onclick }, text);
}

/**
 * @param {Row} option
 * @param {number} maximum
 * @param {Set<string>} picked
 * @param {(values: string[]) => void} finish
 */
function optionRow(option, maximum, picked, finish) {
  const choose = () => {
    if (maximum === 1) return finish([option.value]);
    if (!picked.delete(option.value) && picked.size < maximum) picked.add(option.value);
    return row.setAttribute("aria-selected", String(picked.has(option.value)));
  };
  const row = h(
    "button",
    {
      type: "button",
      class: "option",
      role: "option",
      "aria-selected": String(picked.has(option.value)),
      dataset: { value: option.value },
      onclick: choose,
    },
    option.emoji && emojiNode(option.emoji),
    h("span", {}, option.label, option.description && h("small", {}, option.description)),
    maximum > 1 && h("i", { class: "tick" }, icon("check")),
  );
  return row;
}
