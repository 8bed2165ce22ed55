// The part of the drawer that makes simulated members vote and ask for pictures.
/** @import { Errand } from "./types.js" */
import { api } from "./api.js";
import { byId, fill, h, one, seek } from "./dom.js";
import { icon } from "./icons.js";
import { store } from "./store.js";
import { attempt } from "./toast.js";

/** The latest choices, so that the drawer opens as it was left. */
/** @type {{ taste: string | null, votes: number, pictures: number }} */
const chosen = { taste: null, votes: 500, pictures: 96 };

/** The two sections of the drawer. */
export function fansSections() {
  return [
    h(
      "section",
      { id: "fans-voting" },
      h("h3", {}, icon("react"), "Let the members vote"),
      h("p", {}, "Members of one hidden taste react under what is posted and press under duels."),
      h("label", { for: "fans-taste" }, "They like"),
      tastes(),
      start("votes", "votes", "Vote", () => ({
        action: "vote",
        taste: taste().value,
        n: chosen.votes,
      })),
      h("div", { class: "progress" }),
    ),
    h(
      "section",
      { id: "fans-asking" },
      h("h3", {}, icon("brush"), "Let them ask for pictures"),
      h("p", {}, "In the channel that is open, four of each prompt, so that there is a choice."),
      start("pictures", "pictures", "Ask", () => ({
        action: "ask",
        channel: store.active,
        n: chosen.pictures,
      })),
      h("div", { class: "progress" }),
    ),
  ];
}

/** Show their progress. */
export function showFans() {
  if (byId("weather").hidden || !seek("fans-voting")) return;
  const { voting, asking } = store.fans;
  show("voting", voting, "votes");
  show("asking", asking, "pictures");
  if (voting?.running && voting.taste) taste().value = voting.taste;
  taste().disabled = Boolean(voting?.running);
}

const taste = () => one(byId("weather"), "#fans-taste", HTMLSelectElement);

function tastes() {
  return h(
    "select",
    { id: "fans-taste", onchange: () => (chosen.taste = taste().value) },
    (store.fans.tastes ?? []).map(({ id, label }) =>
      h("option", { value: id, selected: id === (chosen.taste ?? store.fans.voting?.taste) }, label),
    ),
  );
}

/**
 * @param {"votes" | "pictures"} what
 * @param {string} unit
 * @param {string} label
 * @param {() => Record<string, unknown>} make
 */
function start(what, unit, label, make) {
  const number = h("input", {
    type: "number",
    min: 1,
    value: chosen[what],
    "aria-label": `How many ${unit}`,
    oninput: () => (chosen[what] = Number(number.value) || 1),
  });
  const press = () => send(make());
  return h(
    "div",
    { class: "pair" },
    number,
    h("span", {}, unit),
    h("button", { type: "button", class: "button primary", onclick: press }, label),
  );
}

/** @param {Record<string, unknown>} body */
async function send(body) {
  const known = store.fans;
  const answer = await attempt(api.fans(body));
  // Events received meanwhile are newer than the answer, which was written at the start.
  if (!answer || store.fans !== known) return;
  store.fans = answer;
  showFans();
}

/**
 * @param {"voting" | "asking"} what
 * @param {Errand | undefined} errand
 * @param {string} unit
 */
function show(what, errand, unit) {
  const section = byId(`fans-${what}`);
  const place = one(section, ".progress", HTMLElement);
  one(section, ".pair .button", HTMLButtonElement).disabled = Boolean(errand?.running);
  place.hidden = !errand?.wanted;
  if (!errand?.wanted) return;
  const { running, done, wanted, said } = errand;
  if (place.dataset.for !== `${wanted} ${running}`) {
    place.dataset.for = `${wanted} ${running}`;
    fill(
      place,
      h("progress", { max: wanted, "aria-label": `How many of the ${unit}` }),
      h("div", { class: "now" }, h("span", { class: "count-of" }), running && stop(what)),
      h("p", { class: "said" }),
    );
  }
  one(place, "progress", HTMLProgressElement).value = done;
  one(place, ".count-of", HTMLElement).textContent = `${done} of ${wanted} ${unit}`;
  const words = one(place, ".said", HTMLElement);
  words.textContent = said;
  words.hidden = !said;
}

/** @param {string} what */
function stop(what) {
  const press = () => send({ action: "stop", what });
  return h("button", { type: "button", class: "button", onclick: press }, "Stop");
}
