// Builds the page's elements. Text always becomes text nodes: nothing here parses HTML.

/** @typedef {Node | string | number | boolean | null | undefined | Child[]} Child */

/**
 * An element: `h("button", {class: "x", onclick: f, dataset: {id: 1}}, "text", child)`.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} props null, undefined and false leave a property out
 * @param {Child[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "dataset") Object.assign(element.dataset, value);
    else if (key === "style") setStyle(element, value);
    else element.setAttribute(key === "className" ? "class" : key, value === true ? "" : value);
  }
  element.append(...flattenChildren(children));
  return element;
}

/**
 * The children that exist, as text and nodes, with nested lists flattened.
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
function flattenChildren(children) {
  return children.flatMap((child) => {
    if (Array.isArray(child)) return flattenChildren(child);
    if (child === null || child === undefined || typeof child === "boolean") return [];
    return [typeof child === "number" ? String(child) : child];
  });
}

/**
 * @param {HTMLElement} element
 * @param {Record<string, unknown>} style
 */
function setStyle(element, style) {
  for (const [name, value] of Object.entries(style)) {
    if (value !== undefined && value !== null) element.style.setProperty(name, String(value));
  }
}

/**
 * The element with this id. It must exist, in index.html or drawn by the caller.
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/**
 * The element with this id, if it exists now.
 * @param {string} id
 */
export const findById = (id) => document.getElementById(id);

/**
 * Every descendant of `root` that matches `selector` and is a `kind`.
 * @template {HTMLElement} Kind
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => Kind} kind
 */
export const findAll = (root, selector, kind) =>
  [...root.querySelectorAll(selector)].flatMap((found) =>
    found instanceof kind ? [found] : [],
  );

/**
 * The first such descendant, which must exist.
 * @template {HTMLElement} Kind
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => Kind} kind
 */
export function findOne(root, selector, kind) {
  const [found] = findAll(root, selector, kind);
  if (!found) throw new Error(`there is no ${selector}`);
  return found;
}

/**
 * Replace the content of an element.
 * @template {Element} Kind
 * @param {Kind} element
 * @param {Child[]} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...flattenChildren(children));
  return element;
}

/**
 * A labelled button that shows only an icon.
 * @param {Child} icon
 * @param {string} label
 * @param {(event: any) => void} onclick
 * @param {Record<string, any>} [props]
 */
export function iconButton(icon, label, onclick, props = {}) {
  return h(
    "button",
    {
      type: "button",
      "aria-label": label,
      title: label,
      onclick,
      ...props,
      class: `icon-button ${props.class ?? ""}`.trim(),
    },
    icon,
  );
}

/**
 * Compare snowflakes, which are too long for numbers.
 * @param {string} left
 * @param {string} right
 */
export function compareIds(left, right) {
  return left.length - right.length || (left < right ? -1 : left > right ? 1 : 0);
}

/**
 * The URL if it is a web address, else null: only those may become links or pictures.
 * @param {string | null | undefined} url
 */
export function safeUrl(url) {
  if (!url) return null;
  try {
    const parsed = new URL(url, location.href);
    return ["http:", "https:"].includes(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

/**
 * "3.2 MB"
 * @param {number} bytes
 */
export function bytesText(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} KB`;
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
