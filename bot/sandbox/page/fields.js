// The fields of a form: {node, customId, value(), check()} for each kind that the bot can ask for.
/** @import { Child } from "./dom.js" */
/** @import { Part } from "./types.js" */
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { markdown } from "./markdown.js";
import { pickFiles } from "./picker.js";
import { chosenAtFirst, isSelect, select } from "./selects.js";
import { names } from "./store.js";

/**
 * @typedef {{
 *   node: HTMLElement, customId?: string, value?: () => unknown, check?: () => boolean,
 * }} Field
 * @typedef {{ label: string, value: string, description?: string, default?: boolean }} Tick
 */

const TEXT_INPUT = 4;
const TEXT = 10;
const LABEL = 18;
const FILE_UPLOAD = 19;
const RADIO_GROUP = 21;
const CHECKBOX_GROUP = 22;
const CHECKBOX = 23;
const PARAGRAPH = 2;
const LONGEST_TEXT = 4000;

/**
 * One component of a form.
 * @param {Part} part
 * @returns {Field}
 */
export function field(part) {
  if (part.type === TEXT)
    return { node: h("div", { class: "content" }, markdown(part.content ?? "", names)) };
  const labelled = part.type === LABEL;
  const inner = labelled ? part.component : part;
  const label = part.label ?? inner?.label ?? "";
  const make = isSelect(inner) ? choice : FIELDS[inner?.type];
  return make ? make(inner, label, labelled ? part.description : null) : unknown(label);
}

/**
 * @param {string} label
 * @returns {Field}
 */
function unknown(label) {
  const apology = h("p", {}, "The local Discord cannot show this field.");
  return { node: h("div", { class: "entry" }, h("span", { class: "label" }, label), apology) };
}

/** @param {boolean} required */
const star = (required) => required && h("em", { "aria-hidden": "true" }, "*");

/**
 * @param {Part} part
 * @param {string} label
 * @param {string | null} [description]
 * @returns {Field}
 */
function text(part, label, description) {
  const required = part.required ?? true;
  const id = `field-${part.custom_id}`;
  const long = part.style === PARAGRAPH;
  const most = part.max_length ?? LONGEST_TEXT;
  const box = h(long ? "textarea" : "input", {
    id,
    type: long ? null : "text",
    placeholder: part.placeholder,
    maxlength: most,
    required,
    "aria-describedby": `${id}-wrong`,
    dataset: { customId: part.custom_id },
    spellcheck: "false",
  });
  box.value = part.value ?? "";
  if (box instanceof HTMLTextAreaElement) box.rows = Math.min(14, Math.max(4, box.value.split("\n").length + 1));
  const wrong = h("span", { class: "wrong", id: `${id}-wrong`, role: "alert" });
  const tally = h("span", { class: "tally", "aria-hidden": "true" });
  const count = () => {
    tally.textContent = long || part.max_length ? `${box.value.length} / ${most}` : "";
    wrong.textContent = "";
  };
  box.addEventListener("input", count);
  count();
  const check = () => {
    const length = box.value.trim().length;
    if (required && !length) wrong.textContent = "This field is required.";
    else if (length && part.min_length && box.value.length < part.min_length)
      wrong.textContent = `At least ${part.min_length} characters, please.`;
    else return true;
    box.focus();
    return false;
  };
  const node = h(
    "div",
    { class: "entry" },
    h("label", { for: id }, label, star(required)),
    description && h("p", {}, description),
    box,
    wrong,
    tally,
  );
  return { node, check, customId: part.custom_id, value: () => box.value };
}

/**
 * A field for a list of values, with its label and its error message.
 * @param {Part} part
 * @param {string} label
 * @param {string | null | undefined} description
 * @param {string[]} first
 * @param {(take: (chosen: string[]) => void) => Child} draw
 * @returns {Omit<Field, "value"> & { value: () => string[] }}
 */
function listed(part, label, description, first, draw) {
  let values = first;
  const wrong = h("span", { class: "wrong", role: "alert" });
  const required = part.required ?? true;
  /** @param {string[]} chosen */
  const take = (chosen) => {
    values = chosen;
    wrong.textContent = "";
  };
  const node = h(
    "div",
    { class: "entry", role: "group", "aria-label": label },
    h("span", { class: "label" }, label, star(required)),
    description && h("p", {}, description),
    draw(take),
    wrong,
  );
  const check = () => {
    if (!required || values.length >= Math.max(1, part.min_values ?? 1)) return true;
    wrong.textContent = "Choose something.";
    return false;
  };
  return { node, check, customId: part.custom_id, value: () => values };
}

/**
 * @param {Part} part
 * @param {string} label
 * @param {string | null} [description]
 * @returns {Field}
 */
const choice = (part, label, description) =>
  listed(part, label, description, chosenAtFirst(part), (take) => select(part, take));

/**
 * @param {Part} part
 * @param {string} label
 * @param {string | null} [description]
 * @returns {Field}
 */
function files(part, label, description) {
  return listed(part, label, description, [], (take) => {
    const shown = h("span", {}, "No file chosen");
    const choose = () =>
      pickFiles(part.max_values ?? 1, (taken) => {
        shown.textContent = taken.map((one) => one.name).join(", ");
        take(taken.map((one) => one.id));
      });
    const button = h(
      "button",
      { type: "button", class: "button", dataset: { customId: part.custom_id }, onclick: choose },
      icon("upload"),
      "Choose a file",
    );
    return h("div", { class: "picked" }, button, shown);
  });
}

/**
 * @param {Part} part
 * @param {"radio" | "checkbox"} type
 * @param {(values: string[]) => void} taken
 */
function ticks(part, type, taken) {
  /** @type {Tick[]} */
  const options = part.options ?? [];
  /** @type {HTMLInputElement[]} */
  const boxes = options.map((option) =>
    h("input", {
      type,
      name: part.custom_id,
      value: option.value,
      checked: Boolean(option.default),
      onchange: () => taken(boxes.filter((box) => box.checked).map((box) => box.value)),
    }),
  );
  return options.map((option, at) =>
    h(
      "label",
      { class: "tickbox" },
      boxes[at],
      h("span", {}, option.label, option.description && h("small", {}, option.description)),
    ),
  );
}

/**
 * @param {Part} part
 * @param {string} label
 * @param {string | null} [description]
 * @returns {Field}
 */
function radios(part, label, description) {
  const made = listed(part, label, description, chosenIn(part), (take) =>
    ticks(part, "radio", take),
  );
  return { ...made, value: () => made.value()[0] ?? null };
}

/**
 * @param {Part} part
 * @param {string} label
 * @param {string | null} [description]
 * @returns {Field}
 */
const checkboxes = (part, label, description) =>
  listed(part, label, description, chosenIn(part), (take) => ticks(part, "checkbox", take));

/**
 * @param {Part} part
 * @returns {string[]}
 */
const chosenIn = (part) =>
  (part.options ?? []).flatMap((/** @type {Tick} */ one) => (one.default ? [one.value] : []));

/**
 * @param {Part} part
 * @param {string} label
 * @param {string | null} [description]
 * @returns {Field}
 */
function checkbox(part, label, description) {
  const box = h("input", { type: "checkbox", checked: Boolean(part.default) });
  const node = h(
    "div",
    { class: "entry" },
    h("label", { class: "tickbox" }, box, h("span", {}, label)),
    description && h("p", {}, description),
  );
  return { node, customId: part.custom_id, value: () => box.checked };
}

/** @type {Record<number, (part: Part, label: string, description?: string | null) => Field>} */
const FIELDS = {
  [TEXT_INPUT]: text,
  [FILE_UPLOAD]: files,
  [RADIO_GROUP]: radios,
  [CHECKBOX_GROUP]: checkboxes,
  [CHECKBOX]: checkbox,
};
