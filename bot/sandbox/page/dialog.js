// Forms that the bot opens (modals), as real dialogs.
import { api, newNonce } from "./api.js";
import { avatar } from "./avatar.js";
import { select } from "./components.js";
import { h, iconButton } from "./dom.js";
import { icon } from "./icons.js";
import { expect } from "./interactions.js";
import { markdown } from "./markdown.js";
import { names, on, store } from "./store.js";

const ROW = 1;
const SELECTS = [3, 5, 8];
const TEXT_INPUT = 4;
const TEXT = 10;
const LABEL = 18;
const PARAGRAPH = 2;

/** Open a dialog whenever the bot asks for one. */
export function startDialogs() {
  on("modal", openModal);
}

function openModal({ interaction_id: interaction, title, custom_id: customId, components }) {
  const entries = (components ?? [])
    .flatMap((part) => (part.type === ROW ? part.components : [part]))
    .map(entry);
  const wrong = h("p", { class: "failed", role: "alert", hidden: true });
  const dialog = h("dialog", { class: "sheet", "aria-label": title, dataset: { modal: customId } });
  const submit = async (event) => {
    event.preventDefault();
    if (entries.map((one) => one.check?.() ?? true).includes(false)) return;
    const fields = Object.fromEntries(
      entries.filter((one) => one.customId).map((one) => [one.customId, one.value()]),
    );
    const nonce = newNonce();
    try {
      expect(nonce, { kind: "command", name: title, slash: false, channel: store.active });
      await api.modal({
        persona: store.persona,
        interaction_id: interaction,
        custom_id: customId,
        fields,
        nonce,
      });
      dialog.close();
    } catch (error) {
      wrong.textContent = error.message;
      wrong.hidden = false;
    }
  };
  dialog.append(
    h(
      "form",
      { novalidate: true, onsubmit: submit },
      h(
        "header",
        {},
        avatar(store.bot, 32),
        h("h2", {}, title),
        iconButton(icon("close"), "Close", () => dialog.close()),
      ),
      h(
        "div",
        { class: "fill" },
        entries.map((one) => one.node),
        wrong,
      ),
      h(
        "p",
        { class: "note" },
        `This form goes to ${store.bot.name}. It never asks for a password.`,
      ),
      h(
        "footer",
        {},
        h(
          "button",
          { type: "button", class: "button plain", onclick: () => dialog.close() },
          "Cancel",
        ),
        h("button", { type: "submit", class: "button primary" }, "Submit"),
      ),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector("input, textarea, .select")?.focus();
}

function entry(part) {
  if (part.type === TEXT)
    return { node: h("div", { class: "content" }, markdown(part.content ?? "", names)) };
  const inner = part.type === LABEL ? part.component : part;
  const label = part.label ?? inner?.label ?? "";
  if (inner?.type === TEXT_INPUT)
    return textEntry(inner, label, part.type === LABEL ? part.description : null);
  if (SELECTS.includes(inner?.type)) return selectEntry(inner, label, part.description);
  return {
    node: h(
      "div",
      { class: "entry" },
      h("span", { class: "label" }, label),
      h("p", {}, "The local Discord cannot show this field."),
    ),
  };
}

function textEntry(part, label, description) {
  const required = part.required ?? true;
  const id = `field-${part.custom_id}`;
  const long = part.style === PARAGRAPH;
  const field = h(long ? "textarea" : "input", {
    id,
    type: long ? null : "text",
    placeholder: part.placeholder,
    maxlength: part.max_length ?? 4000,
    required,
    "aria-describedby": `${id}-wrong`,
    dataset: { customId: part.custom_id },
    spellcheck: "false",
  });
  field.value = part.value ?? "";
  const wrong = h("span", { class: "wrong", id: `${id}-wrong`, role: "alert" });
  const tally = h("span", { class: "tally", "aria-hidden": "true" });
  const count = () => {
    tally.textContent = part.max_length ? `${field.value.length} / ${part.max_length}` : "";
    wrong.textContent = "";
  };
  field.addEventListener("input", count);
  count();
  const check = () => {
    const length = field.value.trim().length;
    if (required && !length) wrong.textContent = "This field is required.";
    else if (length && part.min_length && field.value.length < part.min_length)
      wrong.textContent = `At least ${part.min_length} characters, please.`;
    else return true;
    field.focus();
    return false;
  };
  const node = h(
    "div",
    { class: "entry" },
    h("label", { for: id }, label, required && h("em", { "aria-hidden": "true" }, "*")),
    description && h("p", {}, description),
    field,
    wrong,
    tally,
  );
  return { node, check, customId: part.custom_id, value: () => field.value };
}

function selectEntry(part, label, description) {
  let values = (part.options ?? [])
    .filter((option) => option.default)
    .map((option) => option.value);
  const wrong = h("span", { class: "wrong", role: "alert" });
  const required = part.required ?? true;
  const node = h(
    "div",
    { class: "entry" },
    h("span", { class: "label" }, label),
    description && h("p", {}, description),
    select(part, (chosen) => {
      values = chosen;
      wrong.textContent = "";
    }),
    wrong,
  );
  const check = () => {
    if (!required || values.length >= (part.min_values ?? 1)) return true;
    wrong.textContent = "Choose something.";
    return false;
  };
  return { node, check, customId: part.custom_id, value: () => values };
}
