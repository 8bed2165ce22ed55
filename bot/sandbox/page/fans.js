// The controls in the drawer that make simulated members vote and ask for pictures.
/** @import { Activity } from "./types.js" */
import { api } from "./api.js";
import { byId, fill, h, findOne, findById } from "./dom.js";
import { icon } from "./icons.js";
import { store } from "./store.js";
import { attempt } from "./toast.js";

/** The latest choices; the drawer shows them again when it reopens. */
/** @type {{ taste: string | null, votes: number, pictures: number }} */
const choices = { taste: null, votes: 500, pictures: 96 };

/** The two sections of the drawer. */
export function fansSections() {
  return [
    h(
      "section",
      { id: "fans-voting" },
      h("h3", {}, icon("react"), "Let the members vote"),
      h("p", {}, "Members of one hidden taste react under what is posted and press under duels."),
      h("label", { for: "fans-taste" }, "They like"),
      tasteMenu(),
      startControls("votes", "votes", "Vote", () => ({
        action: "vote",
        taste: tasteSelect().value,
        n: choices.votes,
      })),
      h("div", { class: "progress" }),
    ),
    h(
      "section",
      { id: "fans-asking" },
      h("h3", {}, icon("brush"), "Let them ask for pictures"),
      h("p", {}, "In the channel that is open, four of each prompt, so that there is a choice."),
      startControls("pictures", "pictures", "Ask", () => ({
        action: "ask",
        channel: store.active,
        n: choices.pictures,
      })),
      h("div", { class: "progress" }),
    ),
  ];
}

/** Show the members' progress. */
export function showFans() {
  if (byId("weather").hidden || !findById("fans-voting")) return;
  const { voting, asking } = store.fans;
  showProgress("voting", voting, "votes");
  showProgress("asking", asking, "pictures");
  if (voting?.running && voting.taste) tasteSelect().value = voting.taste;
  tasteSelect().disabled = Boolean(voting?.running);
}

const tasteSelect = () => findOne(byId("weather"), "#fans-taste", HTMLSelectElement);

function tasteMenu() {
  return h(
    "select",
    { id: "fans-taste", onchange: () => (choices.taste = tasteSelect().value) },
    (store.fans.tastes ?? []).map(({ id, label }) =>
      h(
        "option",
        { value: id, selected: id === (choices.taste ?? store.fans.voting?.taste) },
        label,
      ),
    ),
  );
}

/**
 * @param {"votes" | "pictures"} what
 * @param {string} unit
 * @param {string} label
 * @param {() => Record<string, unknown>} makeBody
 */
function startControls(what, unit, label, makeBody) {
  const number = h("input", {
    type: "number",
    min: 1,
    value: choices[what],
    "aria-label": `How many ${unit}`,
    oninput: () => (choices[what] = Number(number.value) || 1),
  });
  const press = () => send(makeBody());
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
  const previous = store.fans;
  const answer = await attempt(api.fans(body));
  // An event that arrived meanwhile is newer than the answer.
  if (!answer || store.fans !== previous) return;
  store.fans = answer;
  showFans();
}

/**
 * @param {"voting" | "asking"} what
 * @param {Activity | undefined} activity
 * @param {string} unit
 */
function showProgress(what, activity, unit) {
  const section = byId(`fans-${what}`);
  const progress = findOne(section, ".progress", HTMLElement);
  findOne(section, ".pair .button", HTMLButtonElement).disabled = Boolean(activity?.running);
  progress.hidden = !activity?.wanted;
  if (!activity?.wanted) return;
  const { running, done, wanted, said } = activity;
  if (progress.dataset.for !== `${wanted} ${running}`) {
    progress.dataset.for = `${wanted} ${running}`;
    fill(
      progress,
      h("progress", { max: wanted, "aria-label": `How many of the ${unit}` }),
      h("div", { class: "now" }, h("span", { class: "count-of" }), running && stopButton(what)),
      h("p", { class: "said" }),
    );
  }
  findOne(progress, "progress", HTMLProgressElement).value = done;
  findOne(progress, ".count-of", HTMLElement).textContent = `${done} of ${wanted} ${unit}`;
  const statusLine = findOne(progress, ".said", HTMLElement);
  statusLine.textContent = said;
  statusLine.hidden = !said;
}

/** @param {string} what */
function stopButton(what) {
  const press = () => send({ action: "stop", what });
  return h("button", { type: "button", class: "button", onclick: press }, "Stop");
}
