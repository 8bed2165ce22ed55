// Selects of every kind, in messages and in forms: what one offers and how one chooses.
import { h } from "./dom.js";
import { emojiNode } from "./emoji.js";
import { icon } from "./icons.js";
import { close, popover } from "./popover.js";
import { store } from "./store.js";
import { toast } from "./toast.js";

const TEXT_SELECT = 3;
const USER_SELECT = 5;
const ROLE_SELECT = 6;
const MENTIONABLE_SELECT = 7;
const CHANNEL_SELECT = 8;
const KINDS = [TEXT_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT];

/** Is this component one to choose from? */
export const isSelect = (part) => KINDS.includes(part?.type);

const people = () => [...store.personas, store.bot].map((one) => ({ label: one.name, value: one.id }));
const roles = () => store.roles.map((one) => ({ label: `@${one.name}`, value: one.id }));

function channels(part) {
  const wanted = part.channel_types;
  return [...store.channels, ...store.categories]
    .filter((one) => !wanted?.length || wanted.includes(one.type))
    .map((one) => ({ label: store.categories.includes(one) ? one.name : `#${one.name}`, value: one.id }));
}

const OFFERED = {
  [USER_SELECT]: people,
  [ROLE_SELECT]: roles,
  [MENTIONABLE_SELECT]: () => [...people(), ...roles()],
  [CHANNEL_SELECT]: channels,
};

/** What can be chosen: {label, value, description, emoji}. */
function optionsOf(part) {
  return OFFERED[part.type]?.(part) ?? part.options ?? [];
}

/** The values that are chosen before anybody chooses. */
export function chosenAtFirst(part) {
  if (part.type !== TEXT_SELECT) return (part.default_values ?? []).map((one) => String(one.id));
  return (part.options ?? []).filter((option) => option.default).map((option) => option.value);
}

/** A select of any kind; `done(values)` when the choice is made. */
export function select(part, done) {
  let chosen = chosenAtFirst(part);
  const most = part.max_values ?? 1;
  const least = part.required === false ? 0 : (part.min_values ?? 1);
  const label = h("span", {});
  const element = h(
    "button",
    {
      type: "button",
      class: "select",
      disabled: part.disabled,
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      dataset: { customId: part.custom_id },
      onclick: () => openOptions(),
    },
    label,
    icon("down"),
  );
  const show = () => {
    const known = optionsOf(part);
    const name = (value) => known.find((one) => one.value === value)?.label ?? "Unknown";
    label.textContent = chosen.length
      ? chosen.map(name).join(", ")
      : (part.placeholder ?? "Make a selection");
    label.classList.toggle("hollow", chosen.length === 0);
  };
  const finish = (values) => {
    chosen = values;
    show();
    close(true);
    done(values);
  };
  function openOptions() {
    const draft = new Set(chosen);
    const several = most > 1;
    const list = h(
      "div",
      { class: "options", role: "listbox", "aria-multiselectable": String(several) },
      optionsOf(part).map((option) => optionRow(option, most, draft, finish)),
    );
    const apply = () => {
      if (draft.size < least) toast(`Choose at least ${least}.`, true);
      else finish([...draft]);
    };
    const foot =
      (several && footButton("Done", "primary", apply)) ||
      (least === 0 && chosen.length > 0 && footButton("Clear", "plain", () => finish([])));
    popover(element, [list, foot && h("div", { class: "options-foot" }, foot)], {
      label: part.placeholder ?? "Options",
      matchWidth: true,
    });
  }
  show();
  return element;
}

function footButton(text, style, onclick) {
  return h("button", { type: "button", class: `button ${style}`, onclick }, text);
}

function optionRow(option, most, draft, finish) {
  const row = h(
    "button",
    {
      type: "button",
      class: "option",
      role: "option",
      "aria-selected": String(draft.has(option.value)),
      dataset: { value: option.value },
      onclick: () => {
        if (most === 1) return finish([option.value]);
        if (!draft.delete(option.value) && draft.size < most) draft.add(option.value);
        return row.setAttribute("aria-selected", String(draft.has(option.value)));
      },
    },
    option.emoji && emojiNode(option.emoji),
    h("span", {}, option.label, option.description && h("small", {}, option.description)),
    most > 1 && h("i", { class: "tick" }, icon("check")),
  );
  return row;
}
