// The fields of a form: {node, customId, value(), check()} for each kind of field.
/** @import { Child } from "./dom.js" */
/** @import { Part } from "./types.js" */
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { markdown } from "./markdown.js";
import { pickFiles } from "./picker.js";
import { defaultValues, isSelect, selectButton } from "./selects.js";
import { names } from "./store.js";

/**
 * @typedef {{
 *   node: HTMLElement, customId?: string, value?: () => unknown, check?: () => boolean,
 * }} Field
 * @typedef {{ label: string, value: string, description?: string, default?: boolean }} TickOption
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
  const isLabelled = part.type === LABEL;
  const inner = isLabelled ? part.component : part;
  const label = part.label ?? inner?.label ?? "";
  const makeField = isSelect(inner) ? selectField : FIELDS[inner?.type];
  if (!makeField) return unsupportedField(label);
  return makeField(inner, label, isLabelled ? part.description : null);
}

/**
 * @param {string} label
 * @returns {Field}
 */
function unsupportedField(label) {
  const apology = h("p", {}, "The local Discord cannot show this field.");
  return { node: h("div", { class: "entry" }, h("span", { class: "label" }, label), apology) };
}

/** @param {boolean} required */
const requiredMark = (required) => required && h("em", { "aria-hidden": "true" }, "*");

/**
 * @param {Part} part
 * @param {string} label
 * @param {string | null} [description]
 * @returns {Field}
 */
function textField(part, label, description) {
  const required = part.required ?? true;
  const id = `field-${part.custom_id}`;
  const isLong = part.style === PARAGRAPH;
  const maxLength = part.max_length ?? LONGEST_TEXT;
  const box = h(isLong ? "textarea" : "input", {
    id,
    type: isLong ? null : "text",
    placeholder: part.placeholder,
    maxlength: maxLength,
    required,
    "aria-describedby": `${id}-wrong`,
    dataset: { customId: part.custom_id },
    spellcheck: "false",
  });
  box.value = part.value ?? "";
  if (box instanceof HTMLTextAreaElement)
    box.rows = Math.min(14, Math.max(4, box.value.split("\n").length + 1));
  const errorLine = h("span", { class: "wrong", id: `${id}-wrong`, role: "alert" });
  const tally = h("span", { class: "tally", "aria-hidden": "true" });
  const showCount = () => {
    tally.textContent = isLong || part.max_length ? `${box.value.length} / ${maxLength}` : "";
    errorLine.textContent = "";
  };
  box.addEventListener("input", showCount);
  showCount();
  const check = () => {
    const length = box.value.trim().length;
    if (required && !length) errorLine.textContent = "This field is required.";
    else if (length && part.min_length && box.value.length < part.min_length)
      errorLine.textContent = `At least ${part.min_length} characters, please.`;
    else return true;
    box.focus();
    return false;
  };
  const node = h(
    "div",
    { class: "entry" },
    h("label", { for: id }, label, requiredMark(required)),
    description && h("p", {}, description),
    box,
    errorLine,
    tally,
  );
  return { node, check, customId: part.custom_id, value: () => box.value };
}

/**
 * A field for a list of values, with its label and its error message.
 * @param {Part} part
 * @param {string} label
 * @param {string | null | undefined} description
 * @param {string[]} initial
 * @param {(setValues: (chosen: string[]) => void) => Child} draw
 * @returns {Omit<Field, "value"> & { value: () => string[] }}
 */
function listField(part, label, description, initial, draw) {
  let values = initial;
  const errorLine = h("span", { class: "wrong", role: "alert" });
  const required = part.required ?? true;
  /** @param {string[]} chosen */
  const setValues = (chosen) => {
    values = chosen;
    errorLine.textContent = "";
  };
  const node = h(
    "div",
    { class: "entry", role: "group", "aria-label": label },
    h("span", { class: "label" }, label, requiredMark(required)),
    description && h("p", {}, description),
    draw(setValues),
    errorLine,
  );
  const check = () => {
    if (!required || values.length >= Math.max(1, part.min_values ?? 1)) return true;
    errorLine.textContent = "Choose something.";
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
const selectField = (part, label, description) =>
  listField(part, label, description, defaultValues(part), (setValues) =>
    selectButton(part, setValues),
  );

/**
 * @param {Part} part
 * @param {string} label
 * @param {string | null} [description]
 * @returns {Field}
 */
function fileField(part, label, description) {
  return listField(part, label, description, [], (setValues) => {
    const fileNames = h("span", {}, "No file chosen");
    const choose = () =>
      pickFiles(part.max_values ?? 1, (uploaded) => {
        fileNames.textContent = uploaded.map((one) => one.name).join(", ");
        setValues(uploaded.map((one) => one.id));
      });
    const button = h(
      "button",
      { type: "button", class: "button", dataset: { customId: part.custom_id }, onclick: choose },
      icon("upload"),
      "Choose a file",
    );
    return h("div", { class: "picked" }, button, fileNames);
  });
}

/**
 * @param {Part} part
 * @param {"radio" | "checkbox"} type
 * @param {(values: string[]) => void} onChange
 */
function tickboxes(part, type, onChange) {
  /** @type {TickOption[]} */
  const options = part.options ?? [];
  /** @type {HTMLInputElement[]} */
  const boxes = options.map((option) =>
    h("input", {
      type,
      name: part.custom_id,
      value: option.value,
      checked: Boolean(option.default),
      onchange: () => onChange(boxes.filter((box) => box.checked).map((box) => box.value)),
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
function radioField(part, label, description) {
  const group = listField(part, label, description, tickedValues(part), (setValues) =>
    tickboxes(part, "radio", setValues),
  );
  return { ...group, value: () => group.value()[0] ?? null };
}

/**
 * @param {Part} part
 * @param {string} label
 * @param {string | null} [description]
 * @returns {Field}
 */
const checkboxGroup = (part, label, description) =>
  listField(part, label, description, tickedValues(part), (setValues) =>
    tickboxes(part, "checkbox", setValues),
  );

/**
 * @param {Part} part
 * @returns {string[]}
 */
const tickedValues = (part) =>
  (part.options ?? []).flatMap((/** @type {TickOption} */ one) => (one.default ? [one.value] : []));

/**
 * @param {Part} part
 * @param {string} label
 * @param {string | null} [description]
 * @returns {Field}
 */
function checkboxField(part, label, description) {
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
  [TEXT_INPUT]: textField,
  [FILE_UPLOAD]: fileField,
  [RADIO_GROUP]: radioField,
  [CHECKBOX_GROUP]: checkboxGroup,
  [CHECKBOX]: checkboxField,
};
