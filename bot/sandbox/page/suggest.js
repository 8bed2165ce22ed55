// The list over the message box: commands, choices, people, channels, and the bot's completions.
// The text box keeps the keyboard focus; the list only marks a row.
/** @import { Child } from "./dom.js" */
/** @import { Argument, Callable, Entities, Named, Option } from "./types.js" */
import { api } from "./api.js";
import { avatar } from "./avatar.js";
import { fill, h } from "./dom.js";
import { KIND, matchingCommands } from "./slash.js";
import { store } from "./store.js";

const DEBOUNCE_MS = 180;
const MAX_ROWS = 25;

/**
 * @typedef {{ node: Child, choose: () => void, command?: Callable }} Row
 * @typedef {{
 *   name: string, text?: string, value?: unknown, user?: Named, note?: string,
 * }} Candidate
 * @typedef {(text: string, value: unknown) => void} Choose
 */

export class Suggestions {
  /**
   * @param {HTMLElement} panel where the list is drawn
   * @param {HTMLTextAreaElement} box the text box it belongs to
   */
  constructor(panel, box) {
    this.panel = panel;
    this.title = h("h4", {});
    this.list = h("div", { id: "suggest", role: "listbox", "aria-label": "Suggestions" });
    fill(panel, this.title, this.list);
    this.box = box;
    /** @type {Row[]} */
    this.rows = [];
    this.active = -1;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.latestQuestion = ""; // the latest request to the bot, pending or answered
    this.subject = ""; // the command and option that it is about
  }

  get open() {
    return this.rows.length > 0;
  }

  close() {
    clearTimeout(this.timer);
    this.latestQuestion = this.subject = "";
    this.show(null, [], -1);
    return true;
  }

  /**
   * Show rows under a title.
   * @param {Child} title
   * @param {Row[]} rows
   * @param {number} active index of the marked row, -1 for none
   */
  show(title, rows, active) {
    this.rows = rows;
    this.active = Math.min(active, rows.length - 1);
    this.panel.hidden = rows.length === 0;
    this.box.setAttribute("aria-expanded", String(rows.length > 0));
    this.title.hidden = !title;
    fill(this.title, title);
    fill(
      this.list,
      rows.map((row, index) =>
        h(
          "div",
          {
            class: "suggestion",
            role: "option",
            id: `suggestion-${index}`,
            // The box must not lose the focus when a row is pressed.
            onmousedown: (/** @type {MouseEvent} */ event) => event.preventDefault(),
            onclick: row.choose,
            onmousemove: () => index !== this.active && this.mark(index),
          },
          row.node,
        ),
      ),
    );
    this.mark(this.active);
  }

  /** @param {number} at */
  mark(at) {
    this.active = at;
    const rows = [...this.panel.querySelectorAll(".suggestion")];
    rows.forEach((row, index) => row.setAttribute("aria-selected", String(index === at)));
    if (at >= 0) {
      this.box.setAttribute("aria-activedescendant", `suggestion-${at}`);
      rows[at]?.scrollIntoView({ block: "nearest" });
    } else this.box.removeAttribute("aria-activedescendant");
  }

  /** @param {number} by */
  move(by) {
    const count = this.rows.length;
    this.mark(this.active < 0 && by < 0 ? count - 1 : (this.active + by + count) % count);
    return true;
  }

  /**
   * Choose the marked row, or with `first` the first row if none is marked. False if there is none.
   * @param {boolean} [first]
   */
  chooseMarked(first = false) {
    const row = this.rows[this.active] ?? (first ? this.rows[0] : null);
    row?.choose();
    return Boolean(row);
  }

  /**
   * Show the commands that match the input.
   * @param {string} typed
   * @param {Callable[]} flat
   * @param {(command: Callable) => void} choose
   */
  commands(typed, flat, choose) {
    const matches = matchingCommands(flat, typed).slice(0, MAX_ROWS);
    // Mark only a command that begins with the text: Enter must not run one that was not typed.
    const wanted = typed.slice(1).toLowerCase();
    const isPrefixMatch = wanted !== "" && matches[0]?.full.startsWith(wanted);
    const title = [avatar(store.bot, 18), store.bot.name];
    this.latestQuestion = this.subject = "";
    this.show(
      title,
      matches.map((command) => ({
        command,
        node: commandNode(command),
        choose: () => choose(command),
      })),
      isPrefixMatch ? 0 : -1,
    );
  }

  /**
   * Show matches for the value being typed.
   * @param {Argument} arg
   * @param {Callable} command
   * @param {Record<string, unknown>} values of the options so far
   * @param {Entities} entities
   * @param {Choose} choose
   */
  values(arg, command, values, entities, choose) {
    const { option, raw } = arg;
    if (option.autocomplete) return this.complete(arg, command, values, choose);
    const all = fixedValues(option, entities);
    if (!all) return this.close();
    const wanted = raw.replace(/^[@#]/, "").toLowerCase();
    const matching = all.filter((entry) => entry.name.toLowerCase().includes(wanted));
    const matches = matching.slice(0, MAX_ROWS);
    const isExact = all.some((entry) => entry.text.toLowerCase() === raw.toLowerCase());
    const rows = (isExact || !matches.length ? all : matches).map((entry) => ({
      node: valueNode(entry),
      choose: () => choose(entry.text, entry.value),
    }));
    const marked = isExact
      ? all.findIndex((entry) => entry.text.toLowerCase() === raw.toLowerCase())
      : 0;
    this.latestQuestion = this.subject = "";
    return this.show(option.description, rows, marked);
  }

  /**
   * Show the bot's suggestions for the value, a moment after the last key.
   * @param {Argument} arg
   * @param {Callable} command
   * @param {Record<string, unknown>} values
   * @param {Choose} choose
   */
  complete(arg, command, values, choose) {
    const subject = `${command.full} ${arg.option.name}`;
    const question = JSON.stringify([subject, arg.raw]);
    if (question === this.latestQuestion) return;
    if (this.subject !== subject) this.show(null, [], -1); // the old rows belong to another option
    this.subject = subject;
    this.latestQuestion = question;
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      const { name, group, subcommand } = command;
      const answer = await api
        .autocomplete({
          persona: store.persona,
          channel: store.active,
          name,
          group,
          subcommand,
          options: { ...values, [arg.option.name]: arg.raw },
          focused: arg.option.name,
        })
        .catch(() => null);
      if (question !== this.latestQuestion) return;
      /** @type {{ name: string, value: unknown }[]} */
      const choices = (answer?.choices ?? []).slice(0, MAX_ROWS);
      this.show(
        arg.option.description,
        choices.map((choice) => ({
          node: valueNode({ name: choice.name }),
          choose: () => choose(choice.name, choice.value),
        })),
        -1,
      );
    }, DEBOUNCE_MS);
  }
}

/**
 * An option's own choices; null if it accepts any text.
 * @param {Option} option
 * @param {Entities} known
 * @returns {(Candidate & { text: string })[] | null}
 */
function fixedValues(option, { people, channels, roles }) {
  if (option.choices?.length)
    return option.choices.map((choice) => ({
      name: choice.name,
      text: choice.name,
      value: choice.value,
    }));
  if (option.type === KIND.BOOLEAN)
    return ["True", "False"].map((name) => ({ name, text: name, value: name === "True" }));
  if ([KIND.USER, KIND.MENTIONABLE].includes(option.type))
    return people.map((one) => ({
      name: one.name,
      text: `@${one.name}`,
      value: one.id,
      user: one,
    }));
  if (option.type === KIND.ROLE)
    return roles.map((one) => ({ name: one.name, text: `@${one.name}`, value: one.id }));
  if (option.type === KIND.CHANNEL)
    return channels
      .filter((one) => !option.channel_types?.length || option.channel_types.includes(one.type))
      .map((one) => ({ name: one.name, text: `#${one.name}`, value: one.id }));
  return null;
}

/** @param {Callable} command */
function commandNode(command) {
  return h(
    "div",
    { class: "what", dataset: { command: command.full } },
    h("b", {}, `/${command.full}`),
    h(
      "span",
      { class: "args" },
      command.options
        .slice(0, 7)
        .map((option) => h("i", {}, option.required ? option.name : `${option.name}?`)),
    ),
    h("small", {}, command.description),
  );
}

/**
 * A row for a value, with a person's avatar.
 * @param {Candidate} offer
 */
export function valueNode({ name, text, user, note }) {
  return [
    user && avatar(user, 24),
    h(
      "div",
      { class: "what" },
      h("b", {}, user ? name : (text ?? name)),
      note && h("small", {}, note),
    ),
  ];
}
