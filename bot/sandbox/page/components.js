// Buttons and selects below a message, and what a press of one does.
import { api, newNonce } from "./api.js";
import { h, safeUrl } from "./dom.js";
import { emojiNode } from "./emoji.js";
import { icon } from "./icons.js";
import { expect } from "./interactions.js";
import { close, popover } from "./popover.js";
import { store } from "./store.js";
import { toast } from "./toast.js";

const ROW = 1;
const BUTTON = 2;
const TEXT_SELECT = 3;
const USER_SELECT = 5;
const CHANNEL_SELECT = 8;
const LINK = 5;
const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "secondary" };

/** The rows of components of a message. */
export function components(message) {
  return (message.components ?? [])
    .filter((row) => row.type === ROW)
    .map((row) =>
      h(
        "div",
        { class: "row-of" },
        (row.components ?? []).map((part) => component(part, message)),
      ),
    );
}

function component(part, message) {
  if (part.type === BUTTON) return part.style === LINK ? linkButton(part) : button(part, message);
  if ([TEXT_SELECT, USER_SELECT, CHANNEL_SELECT].includes(part.type))
    return select(part, (values) => press(part, message, values));
  return null;
}

function face(part) {
  return [part.emoji && emojiNode(part.emoji), part.label && h("span", {}, part.label)];
}

function linkButton(part) {
  const href = safeUrl(part.url);
  return h(
    "a",
    { class: "button", href, target: "_blank", rel: "noreferrer noopener" },
    face(part),
    icon("out"),
  );
}

function button(part, message) {
  const element = h(
    "button",
    {
      type: "button",
      class: `button ${STYLES[part.style] ?? ""}`,
      disabled: part.disabled,
      dataset: { customId: part.custom_id },
      "aria-label": part.label ? null : part.emoji?.name,
      onclick: () => press(part, message, undefined, element),
    },
    face(part),
  );
  return element;
}

async function press(part, message, values, element) {
  const nonce = newNonce();
  element?.classList.add("waiting");
  expect(nonce, { kind: "component", message, done: () => element?.classList.remove("waiting") });
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
    toast(error.message, true);
  }
}

function optionsOf(part) {
  const chosen = new Set((part.default_values ?? []).map((one) => String(one.id)));
  if (part.type === USER_SELECT) {
    return [...store.personas, store.bot].map((one) => ({
      label: one.name,
      value: one.id,
      default: chosen.has(one.id),
    }));
  }
  if (part.type === CHANNEL_SELECT)
    return store.channels.map((one) => ({
      label: `#${one.name}`,
      value: one.id,
      default: chosen.has(one.id),
    }));
  return part.options ?? [];
}

/** A select of any kind; `done(values)` when the choice is made. Also used in dialogs. */
export function select(part, done) {
  let chosen = optionsOf(part)
    .filter((option) => option.default)
    .map((option) => option.value);
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
  const most = part.max_values ?? 1;
  const least = part.min_values ?? 1;
  const show = () => {
    const picked = optionsOf(part).filter((option) => chosen.includes(option.value));
    label.textContent = picked.length
      ? picked.map((option) => option.label).join(", ")
      : (part.placeholder ?? "Make a selection");
    label.classList.toggle("hollow", picked.length === 0);
  };
  const finish = (values) => {
    chosen = values;
    show();
    close(true);
    done(values);
  };
  function openOptions() {
    const list = h("div", {
      class: "options",
      role: "listbox",
      "aria-multiselectable": String(most > 1),
    });
    const draft = new Set(chosen);
    list.append(...optionsOf(part).map((option) => optionRow(option, most, draft, finish, list)));
    const apply = h(
      "button",
      {
        type: "button",
        class: "button primary",
        onclick: () => {
          if (draft.size < least) toast(`Choose at least ${least}.`, true);
          else finish([...draft]);
        },
      },
      "Done",
    );
    popover(element, [list, most > 1 && h("div", { class: "options-foot" }, apply)], {
      label: part.placeholder ?? "Options",
      matchWidth: true,
    });
  }
  show();
  return element;
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
