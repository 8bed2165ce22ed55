// Small panels beside the control that opened them: emoji, menus, select options. One at a time.
/** @import { Child } from "./dom.js" */
import { findAll, h } from "./dom.js";
import { indexAfterKey } from "./stepping.js";

/**
 * @typedef {{ label: string, matchWidth?: boolean, onClose?: () => void }} PopoverOptions
 * @typedef {{ panel: HTMLElement, anchor: HTMLElement, onClose: () => void }} Panel
 */

/** @type {Panel | null} */
let openPanel = null;

/**
 * Show `content` beside `anchor`; returns the function that closes it.
 * @param {HTMLElement} anchor
 * @param {Child} content
 * @param {PopoverOptions} options
 */
export function openPopover(anchor, content, { label, matchWidth = false, onClose = () => {} }) {
  closePopover();
  const panel = h("div", { class: "popover", role: "dialog", "aria-label": label }, content);
  if (matchWidth) panel.style.width = `${anchor.getBoundingClientRect().width}px`;
  // A dialog covers everything else, so a panel opened in it must be its child.
  (anchor.closest("dialog") ?? document.body).append(panel);
  positionPanel(panel, anchor.getBoundingClientRect());
  anchor.setAttribute("aria-expanded", "true");
  openPanel = { panel, anchor, onClose };
  const [first] = findAll(panel, "[aria-selected='true']", HTMLElement);
  (first ?? findAll(panel, "button, input", HTMLElement)[0])?.focus({ preventScroll: true });
  return closePopover;
}

/** Close the open panel, if there is one. */
export function closePopover(refocus = false) {
  if (!openPanel) return;
  const { panel, anchor, onClose } = openPanel;
  openPanel = null;
  panel.remove();
  anchor.setAttribute("aria-expanded", "false");
  if (refocus) anchor.focus({ preventScroll: true });
  onClose();
}

/**
 * @param {HTMLElement} panel
 * @param {DOMRect} anchor
 */
function positionPanel(panel, anchor) {
  const { offsetWidth: width, offsetHeight: height } = panel;
  const below = anchor.bottom + 6 + height < innerHeight;
  const top = below ? anchor.bottom + 6 : Math.max(8, anchor.top - height - 6);
  const left = Math.min(Math.max(8, anchor.left), innerWidth - width - 8);
  panel.style.top = `${top}px`;
  panel.style.left = `${left}px`;
}

addEventListener("pointerdown", (event) => {
  if (!openPanel || !(event.target instanceof Node)) return;
  const { panel, anchor } = openPanel;
  if (!panel.contains(event.target) && !anchor.contains(event.target)) closePopover();
});

addEventListener("resize", () => closePopover());

addEventListener(
  "keydown",
  (event) => {
    if (!openPanel) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      closePopover(true);
    } else if (!moveFocus(openPanel.panel, event.key)) return;
    event.preventDefault();
  },
  true,
);

/**
 * Move through a panel's choices with the arrows, Home and End; true if the focus moved.
 * @param {HTMLElement} panel
 * @param {string} key
 */
function moveFocus(panel, key) {
  const items = findAll(panel, "button:not(:disabled)", HTMLElement);
  const at = items.findIndex((one) => one === document.activeElement);
  const isGrid = panel.querySelector(".grid") !== null;
  const next = at < 0 ? null : indexAfterKey(key, at, items.length, isGrid);
  if (next === null) return false;
  items[next].focus();
  return true;
}
