// Commands as text: finds a text's command, reads each option's value, and names errors. Pure:
// receives the commands as arguments.
/** @import { Argument, Callable, Command, Entities, Named, Option } from "./types.js" */
/** @import { Parsed, Reading } from "./types.js" */

export const KIND = {
  SUB: 1,
  GROUP: 2,
  STRING: 3,
  INTEGER: 4,
  BOOLEAN: 5,
  USER: 6,
  CHANNEL: 7,
  ROLE: 8,
  MENTIONABLE: 9,
  NUMBER: 10,
  ATTACHMENT: 11,
};
const CHAT_INPUT = 1;

/**
 * Every command that can be sent; a subcommand is one of them, with a name like "policy block".
 * @param {Command[]} commands
 */
export function flattenCommands(commands) {
  /** @type {Callable[]} */
  const flat = [];
  for (const command of commands) {
    if ((command.type ?? CHAT_INPUT) !== CHAT_INPUT) continue;
    const options = command.options ?? [];
    const root = { name: command.name, adultsOnly: Boolean(command.nsfw) };
    if (!options.some((option) => option.type <= KIND.GROUP))
      flat.push(callable(root, [command.name], command));
    for (const sub of options.filter((option) => option.type === KIND.SUB))
      flat.push(callable({ ...root, subcommand: sub.name }, [command.name, sub.name], sub));
    for (const group of options.filter((option) => option.type === KIND.GROUP)) {
      for (const sub of group.options ?? [])
        flat.push(
          callable(
            { ...root, group: group.name, subcommand: sub.name },
            [command.name, group.name, sub.name],
            sub,
          ),
        );
    }
  }
  return flat;
}

/**
 * @param {Pick<Callable, "name" | "adultsOnly" | "group" | "subcommand">} root
 * @param {string[]} path
 * @param {{ description?: string, options?: Option[] }} source
 * @returns {Callable}
 */
function callable(root, path, source) {
  const options = [...(source.options ?? [])].sort(
    (left, right) => Number(Boolean(right.required)) - Number(Boolean(left.required)),
  );
  return { ...root, full: path.join(" "), description: source.description ?? "", options };
}

/**
 * The commands whose name matches the input so far, the best first.
 * @param {Callable[]} flat
 * @param {string} typed
 */
export function matchingCommands(flat, typed) {
  const query = typed.replace(/^\//, "").toLowerCase().replace(/\s+/g, " ");
  /** @param {Callable} command */
  const rank = (command) =>
    command.full.startsWith(query)
      ? 0
      : command.full.includes(query)
        ? 1
        : command.description.toLowerCase().includes(query)
          ? 2
          : 3;
  return flat
    .map((command) => ({ command, score: rank(command) }))
    .filter(({ score }) => score < 3)
    .sort((left, right) => left.score - right.score)
    .map(({ command }) => command);
}

/**
 * Read a typed command: {command, args: [{option, start, valueStart, end, raw}], stray} or null.
 * A value runs until the next known `option:`. Text before the first marker belongs to the first
 * required text option, so that `/waifu 1girl, smile` works as well.
 * @param {string} text
 * @param {Callable[]} flat
 * @returns {Parsed | null}
 */
export function parse(text, flat) {
  const best = flat
    .map((command) => ({ command, nameEnd: nameEndOf(text, command) }))
    .filter(({ nameEnd }) => nameEnd > 0)
    .sort((left, right) => right.command.full.length - left.command.full.length)[0];
  if (!best) return null;
  const { command, nameEnd } = best;
  const marks = findMarks(text, nameEnd, command);
  const args = marks.map((mark, index) => {
    const end = marks[index + 1]?.start ?? text.length;
    return { ...mark, end, raw: text.slice(mark.valueStart, end).trim() };
  });
  const lead = text.slice(nameEnd, marks[0]?.start ?? text.length);
  const first = command.options.find((option) => option.type === KIND.STRING && option.required);
  if (!lead.trim() || !first || args.some((arg) => arg.option === first))
    return { command, nameEnd, args, stray: lead.trim() };
  const start = nameEnd + lead.length - lead.trimStart().length;
  const end = nameEnd + lead.length;
  const unnamed = { option: first, start, valueStart: start, end, raw: lead.trim(), unnamed: true };
  return { command, nameEnd, args: [unnamed, ...args], stray: "" };
}

/**
 * The end of the command's whole name in a text that begins with it, else 0.
 * @param {string} text
 * @param {Callable} command
 */
function nameEndOf(text, command) {
  const name = command.full.split(" ").map(escapeRegExp).join("\\s+");
  return new RegExp(`^/${name}(?=\\s|$)`, "i").exec(text)?.[0].length ?? 0;
}

/**
 * Case matters: `Steps: 20` in a pasted text is not the option `steps:`.
 * @param {string} text
 * @param {number} from
 * @param {Callable} command
 */
function findMarks(text, from, command) {
  if (!command.options.length) return [];
  const pattern = new RegExp(
    `(^|\\s)(${command.options.map((option) => escapeRegExp(option.name)).join("|")}):`,
    "g",
  );
  pattern.lastIndex = from;
  /** @type {Pick<Argument, "option" | "start" | "valueStart">[]} */
  const marks = [];
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const option = command.options.find((one) => one.name === match[2]);
    if (!option || marks.some((mark) => mark.option === option)) continue;
    marks.push({
      option,
      start: match.index + match[1].length,
      valueStart: match.index + match[0].length,
    });
    pattern.lastIndex = match.index + match[0].length;
  }
  return marks;
}

/** @param {string} text */
const escapeRegExp = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/**
 * The value of an option's text: {value} or {error}. `entities` holds lists of {id, name}.
 * @param {Option} option
 * @param {string} raw
 * @param {Entities} entities
 * @returns {Reading}
 */
export function readValue(option, raw, entities) {
  if (option.choices?.length) return readChoice(option, raw);
  if (option.type === KIND.STRING) return readText(option, raw);
  if (option.type === KIND.INTEGER || option.type === KIND.NUMBER) return readNumber(option, raw);
  if (option.type === KIND.BOOLEAN) return readBoolean(raw);
  if (option.type === KIND.USER || option.type === KIND.MENTIONABLE)
    return readNamed(raw, entities.people, "@", "nobody here");
  if (option.type === KIND.CHANNEL)
    return readNamed(raw, entities.channels, "#", "no channel here");
  if (option.type === KIND.ROLE) return readNamed(raw, entities.roles, "@", "no role here");
  return { error: "is a file: choose one below" };
}

/**
 * @param {Option} option
 * @param {string} raw
 * @returns {Reading}
 */
function readChoice(option, raw) {
  const wanted = raw.toLowerCase();
  const choices = option.choices ?? [];
  const found = choices.find(
    (choice) =>
      choice.name.toLowerCase() === wanted || String(choice.value).toLowerCase() === wanted,
  );
  return found
    ? { value: found.value }
    : { error: `is one of ${choices.map((choice) => choice.name).join(", ")}` };
}

/**
 * @param {Option} option
 * @param {string} raw
 * @returns {Reading}
 */
function readText(option, raw) {
  const length = [...raw].length;
  if (option.max_length && length > option.max_length)
    return { error: `may have at most ${option.max_length} characters, not ${length}` };
  if (option.min_length && length < option.min_length)
    return { error: `needs at least ${option.min_length} characters` };
  return { value: raw };
}

/**
 * @param {Option} option
 * @param {string} raw
 * @returns {Reading}
 */
function readNumber(option, raw) {
  const isWhole = option.type === KIND.INTEGER;
  const pattern = isWhole ? /^[+-]?\d+$/ : /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
  if (!pattern.test(raw) || !Number.isFinite(Number(raw)))
    return { error: isWhole ? "is a whole number" : "is a number" };
  const value = Number(raw);
  if (isWhole && !Number.isSafeInteger(value)) return { error: "is too large a number" };
  if (option.min_value !== undefined && value < option.min_value)
    return { error: `is at least ${option.min_value}` };
  if (option.max_value !== undefined && value > option.max_value)
    return { error: `is at most ${option.max_value}` };
  return { value };
}

/**
 * @param {string} raw
 * @returns {Reading}
 */
function readBoolean(raw) {
  if (/^(true|yes|on)$/i.test(raw)) return { value: true };
  if (/^(false|no|off)$/i.test(raw)) return { value: false };
  return { error: "is True or False" };
}

/**
 * @param {string} raw
 * @param {Named[]} list
 * @param {string} sign
 * @param {string} failure
 * @returns {Reading}
 */
function readNamed(raw, list, sign, failure) {
  const id = /^<[@#][!&]?(\d+)>$/.exec(raw)?.[1] ?? raw;
  const plainName = raw.startsWith(sign) ? raw.slice(1) : raw;
  const entity = list.find(
    (one) => one.id === id || one.name.toLowerCase() === plainName.toLowerCase(),
  );
  return entity ? { value: entity.id } : { error: `names ${failure}` };
}

/**
 * All values of a parsed command: {values} or {error, option}; leaves empty options out.
 * @param {Parsed} parsed
 * @param {Entities} entities
 * @returns {{ values: Record<string, unknown>, error?: undefined, option?: undefined }
 *   | { error: string, option?: Option, values?: undefined }}
 */
export function readAll(parsed, entities) {
  /** @type {Record<string, unknown>} */
  const values = {};
  if (parsed.stray) return { error: `“${parsed.stray.slice(0, 40)}” belongs to no option` };
  for (const option of parsed.command.options) {
    const arg = parsed.args.find((one) => one.option === option);
    if (!arg?.raw) {
      if (option.required) return { error: `${option.name} is required`, option };
      continue;
    }
    /** @type {Reading} */
    const { value, error } = arg.picked ?? readValue(option, arg.raw, entities);
    if (error) return { error: `${option.name} ${error}`, option };
    values[option.name] = value;
  }
  return { values };
}

/**
 * What an option accepts, in a few words.
 * @param {Option} option
 */
export function limitsText(option) {
  const parts = [];
  if (option.min_value !== undefined && option.max_value !== undefined)
    parts.push(`${option.min_value} to ${option.max_value}`);
  else if (option.min_value !== undefined) parts.push(`at least ${option.min_value}`);
  else if (option.max_value !== undefined) parts.push(`at most ${option.max_value}`);
  if (option.max_length) parts.push(`up to ${option.max_length} characters`);
  if (!option.required) parts.push("optional");
  return parts.join(" · ");
}
