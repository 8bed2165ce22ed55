// Small panels beside what opened them: emoji, menus, select options. One at a time.
/** @import { Child } from "./dom.js" */
import { all, h } from "./dom.js";
import { stepTo } from "./stepping.js";

/**
 * @typedef {{ label: string, matchWidth?: boolean, closed?: () => void }} Manner
 * @typedef {{ panel: HTMLElement, anchor: HTMLElement, closed: () => void }} Panel
 */

/** @type {Panel | null} */
let open = null;


/**
 * Show `content` beside `anchor`; returns the function that closes it.
 * @param {HTMLElement} anchor
 * @param {Child} content
 * @param {Manner} manner
 */
export function popover(anchor, content, { label, matchWidth = false, closed = () => {} }) {
  close();
  const panel = h("div", { class: "popover", role: "dialog", "aria-label": label }, content);
  if (matchWidth) panel.style.width = `${anchor.getBoundingClientRect().width}px`;
  // A dialog lies above everything else, so a panel opened in it must be its child.
  (anchor.closest("dialog") ?? document.body).append(panel);
  place(panel, anchor.getBoundingClientRect());
  anchor.setAttribute("aria-expanded", "true");
  open = { panel, anchor, closed };
  const [first] = all(panel, "[aria-selected='true']", HTMLElement);
  (first ?? all(panel, "button, input", HTMLElement)[0])?.focus({ preventScroll: true });
  return close;
}

/** Close the open panel, if there is one. */
export function close(refocus = false) {
  if (!open) return;
  const { panel, anchor, closed } = open;
  open = null;
  panel.remove();
  anchor.setAttribute("aria-expanded", "false");
  if (refocus) anchor.focus({ preventScroll: true });
  closed();
}

/**
 * @param {HTMLElement} panel
 * @param {DOMRect} anchor
 */
function place(panel, anchor) {
  const { offsetWidth: width, offsetHeight: height } = panel;
  const below = anchor.bottom + 6 + height < innerHeight;
  const top = below ? anchor.bottom + 6 : Math.max(8, anchor.top - height - 6);
  const left = Math.min(Math.max(8, anchor.left), innerWidth - width - 8);
  panel.style.top = `${top}px`;
  panel.style.left = `${left}px`;
}

addEventListener("pointerdown", (event) => {
  if (!open || !(event.target instanceof Node)) return;
  if (!open.panel.contains(event.target) && !open.anchor.contains(event.target)) close();
});

addEventListener("resize", () => close());

addEventListener(
  "keydown",
  (event) => {
    if (!open) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      close(true);
    } else if (!walk(open.panel, event.key)) return;
    event.preventDefault();
  },
  true,
);

/**
 * Move through a panel's choices with the arrows, Home and End; true if the focus moved.
 * @param {HTMLElement} panel
 * @param {string} key
 */
function walk(panel, key) {
  const items = all(panel, "button:not(:disabled)", HTMLElement);
  const at = items.findIndex((one) => one === document.activeElement);
  const next = at < 0 ? null : stepTo(key, at, items.length, panel.querySelector(".grid") !== null);
  if (next === null) return false;
  items[next].focus();
  return true;
}
