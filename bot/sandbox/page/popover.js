// Small panels beside what opened them: emoji, menus, select options. One at a time.
import { h } from "./dom.js";

let open = null;

/** Show `content` beside `anchor`; returns the function that closes it. */
export function popover(anchor, content, { label, matchWidth = false, closed = () => {} } = {}) {
  close();
  const panel = h("div", { class: "popover", role: "dialog", "aria-label": label }, content);
  if (matchWidth) panel.style.width = `${anchor.getBoundingClientRect().width}px`;
  // A dialog lies above everything else: what opens inside it must live inside it.
  (anchor.closest("dialog") ?? document.body).append(panel);
  place(panel, anchor.getBoundingClientRect());
  anchor.setAttribute("aria-expanded", "true");
  open = { panel, anchor, closed };
  panel.querySelector("[aria-selected='true'], button, input")?.focus({ preventScroll: true });
  return close;
}

/** Close the panel that is open, if one is. */
export function close(refocus = false) {
  if (!open) return;
  const { panel, anchor, closed } = open;
  open = null;
  panel.remove();
  anchor.setAttribute("aria-expanded", "false");
  if (refocus) anchor.focus({ preventScroll: true });
  closed();
}

function place(panel, anchor) {
  const { offsetWidth: width, offsetHeight: height } = panel;
  const below = anchor.bottom + 6 + height < innerHeight;
  const top = below ? anchor.bottom + 6 : Math.max(8, anchor.top - height - 6);
  const left = Math.min(Math.max(8, anchor.left), innerWidth - width - 8);
  panel.style.top = `${top}px`;
  panel.style.left = `${left}px`;
}

addEventListener("pointerdown", (event) => {
  if (open && !open.panel.contains(event.target) && !open.anchor.contains(event.target)) close();
});

addEventListener("resize", () => close());

addEventListener(
  "keydown",
  (event) => {
    if (!open) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close(true);
    } else if (["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight"].includes(event.key)) walk(event);
  },
  true,
);

function walk(event) {
  const items = [...open.panel.querySelectorAll("button:not(:disabled)")];
  const at = items.indexOf(document.activeElement);
  if (at < 0) return;
  const grid = open.panel.querySelector(".grid");
  const rows = { ArrowDown: grid ? 8 : 1, ArrowUp: grid ? -8 : -1 };
  const step = rows[event.key] ?? (grid ? { ArrowRight: 1, ArrowLeft: -1 }[event.key] : 0);
  event.preventDefault();
  items[Math.min(Math.max(at + step, 0), items.length - 1)]?.focus();
}
