// Selects of every kind, in messages and in forms: their choices and their use.
/** @import { Part } from "./types.js" */
import { h } from "./dom.js";
import { emojiNode } from "./emoji.js";
import { icon } from "./icons.js";
import { close, popover } from "./popover.js";
import { store } from "./store.js";
import { toast } from "./toast.js";

/**
 * @typedef {{ label: string, value: string, description?: string, emoji?: any, default?: boolean }} Row
 * @typedef {{ least: number, most: number, chosen: string[], finish: (values: string[]) => void }} Choosing
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

const people = () => [...store.personas, store.bot].map((one) => ({ label: one.name, value: one.id }));
const roles = () => store.roles.map((one) => ({ label: `@${one.name}`, value: one.id }));

/** @param {Part} part */
function channels(part) {
  const wanted = part.channel_types;
  return [...store.channels, ...store.categories]
    .filter((one) => !wanted?.length || wanted.includes(one.type))
    .map((one) => ({ label: store.categories.includes(one) ? one.name : `#${one.name}`, value: one.id }));
}

/** @type {Record<number, (part: Part) => Row[]>} */
const OFFERED = {
  [USER_SELECT]: people,
  [ROLE_SELECT]: roles,
  [MENTIONABLE_SELECT]: () => [...people(), ...roles()],
  [CHANNEL_SELECT]: channels,
};

/**
 * The choices.
 * @param {Part} part
 * @returns {Row[]}
 */
const optionsOf = (part) => OFFERED[part.type]?.(part) ?? part.options ?? [];

/**
 * The values chosen by default.
 * @param {Part} part
 * @returns {string[]}
 */
export function chosenAtFirst(part) {
  if (part.type !== TEXT_SELECT)
    return (part.default_values ?? []).map((/** @type {any} */ one) => String(one.id));
  return optionsOf(part)
    .filter((option) => option.default)
    .map((option) => option.value);
}

/**
 * A select of any kind.
 * @param {Part} part
 * @param {(values: string[]) => void} done called when the choice is made
 */
export function select(part, done) {
  let chosen = chosenAtFirst(part);
  const label = h("span", {});
  const show = () => {
    label.textContent = labelOf(part, chosen);
    label.classList.toggle("hollow", chosen.length === 0);
  };
  /** @param {string[]} values */
  const finish = (values) => {
    chosen = values;
    show();
    close(true);
    done(values);
  };
  const least = part.required === false ? 0 : (part.min_values ?? 1);
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
        openOptions(element, part, { least, most: part.max_values ?? 1, chosen, finish }),
    },
    label,
    icon("down"),
  );
  show();
  return element;
}

/**
 * @param {Part} part
 * @param {string[]} chosen
 */
function labelOf(part, chosen) {
  const known = optionsOf(part);
  const names = chosen.map((value) => known.find((one) => one.value === value)?.label ?? "Unknown");
  return names.length ? names.join(", ") : (part.placeholder ?? "Make a selection");
}

/**
 * @param {HTMLElement} anchor
 * @param {Part} part
 * @param {Choosing} choosing
 */
function openOptions(anchor, part, { least, most, chosen, finish }) {
  const draft = new Set(chosen);
  const several = most > 1;
  const label = part.placeholder ?? "Options";
  const list = h(
    "div",
    {
      class: "options",
      role: "listbox",
      "aria-label": label,
      "aria-multiselectable": several ? "true" : null,
    },
    optionsOf(part).map((option) => optionRow(option, most, draft, finish)),
  );
  const apply = () => {
    if (draft.size < least) toast(`Choose at least ${least}.`, true);
    else finish([...draft]);
  };
  const foot =
    (several && footButton("Done", "primary", apply)) ||
    (least === 0 && chosen.length > 0 && footButton("Clear", "plain", () => finish([])));
  popover(anchor, [list, foot && h("div", { class: "options-foot" }, foot)], {
    label,
    matchWidth: true,
  });
}

/**
 * @param {string} text
 * @param {string} style
 * @param {() => void} onclick
 */
function footButton(text, style, onclick) {
  return h("button", { type: "button", class: `button ${style}`, onclick }, text);
}

/**
 * @param {Row} option
 * @param {number} most
 * @param {Set<string>} draft
 * @param {(values: string[]) => void} finish
 */
function optionRow(option, most, draft, finish) {
  const choose = () => {
    if (most === 1) return finish([option.value]);
    if (!draft.delete(option.value) && draft.size < most) draft.add(option.value);
    return row.setAttribute("aria-selected", String(draft.has(option.value)));
  };
  const row = h(
    "button",
    {
      type: "button",
      class: "option",
      role: "option",
      "aria-selected": String(draft.has(option.value)),
      dataset: { value: option.value },
      onclick: choose,
    },
    option.emoji && emojiNode(option.emoji),
    h("span", {}, option.label, option.description && h("small", {}, option.description)),
    most > 1 && h("i", { class: "tick" }, icon("check")),
  );
  return row;
}
