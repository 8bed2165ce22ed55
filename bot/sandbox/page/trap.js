// Traps the keyboard focus in a drawer that covers the page on narrow screens.
import { findAll } from "./dom.js";

const COVERED = "#app > :not(#scrim), .skip";
const FOCUSABLE =
  "a[href], button:not(:disabled), input:not(:disabled), select, textarea, [tabindex]";

/**
 * Keep the focus inside `drawer`; call the returned function to release it. The focus then returns
 * to the element that had it, or to `fallback` if that is gone.
 * @param {HTMLElement} drawer a sibling of the elements it covers
 * @param {() => HTMLElement | null} fallback
 */
export function trapFocus(drawer, fallback) {
  const previous = document.activeElement;
  const covered = findAll(document, COVERED, HTMLElement).filter((one) => one !== drawer);
  for (const one of covered) one.inert = true;
  /** @param {KeyboardEvent} event */
  const wrapFocus = (event) => {
    if (event.key !== "Tab") return;
    const reachable = findAll(drawer, FOCUSABLE, HTMLElement).filter(isReachable);
    const [first, last] = [reachable[0], reachable.at(-1)];
    const [from, to] = event.shiftKey ? [first, last] : [last, first];
    if (document.activeElement !== from) return;
    event.preventDefault();
    to?.focus();
  };
  drawer.addEventListener("keydown", wrapFocus);
  return () => {
    drawer.removeEventListener("keydown", wrapFocus);
    for (const one of covered) one.inert = false;
    const canReturn =
      previous instanceof HTMLElement && previous.isConnected && isReachable(previous);
    (canReturn ? previous : fallback())?.focus();
  };
}

/** @param {HTMLElement} one */
const isReachable = (one) => one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true });
