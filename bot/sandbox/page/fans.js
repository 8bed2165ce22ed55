// The part of the drawer where one lets the pretended members vote and ask for pictures.
import { api } from "./api.js";
import { byId, fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { store } from "./store.js";
import { attempt } from "./toast.js";

/** What was chosen last, so that the drawer opens as it was left. */
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
        taste: byId("fans-taste").value,
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

/** Show how far they are. */
export function showFans() {
  if (byId("weather").hidden || !byId("fans-voting")) return;
  const { voting, asking } = store.fans;
  show("voting", voting, "votes");
  show("asking", asking, "pictures");
  if (voting?.running) byId("fans-taste").value = voting.taste;
  byId("fans-taste").disabled = Boolean(voting?.running);
}

function tastes() {
  return h(
    "select",
    { id: "fans-taste", onchange: (event) => (chosen.taste = event.target.value) },
    (store.fans.tastes ?? []).map(({ id, label }) =>
      h("option", { value: id, selected: id === (chosen.taste ?? store.fans.voting?.taste) }, label),
    ),
  );
}

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

async function send(body) {
  const known = store.fans;
  const answer = await attempt(api.fans(body));
  // What was told meanwhile is newer than the answer, which was written when it began.
  if (!answer || store.fans !== known) return;
  store.fans = answer;
  showFans();
}

function show(what, errand, unit) {
  const section = byId(`fans-${what}`);
  const place = section.querySelector(".progress");
  section.querySelector(".pair .button").disabled = Boolean(errand?.running);
  place.hidden = !errand?.wanted;
  if (place.hidden) return;
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
  place.querySelector("progress").value = done;
  place.querySelector(".count-of").textContent = `${done} of ${wanted} ${unit}`;
  place.querySelector(".said").textContent = said;
  place.querySelector(".said").hidden = !said;
}

function stop(what) {
  const press = () => send({ action: "stop", what });
  return h("button", { type: "button", class: "button", onclick: press }, "Stop");
}
