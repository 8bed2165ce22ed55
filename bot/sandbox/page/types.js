// Types of the data from the sandbox, as far as the page uses it; no code. Every module imports its
// types from here.

/**
 * @typedef {{ name?: string, id?: string | null, url?: string, animated?: boolean }} Emoji
 * @typedef {{ id: string, name: string, role: string, avatar_color?: string, bot?: boolean }} Person
 * @typedef {{ id: string, name: string, online?: boolean, running?: boolean }} Bot
 * @typedef {{ id: string, name: string }} Named
 * @typedef {{
 *   id: string, name: string, type: number, parent_id?: string | number | null, nsfw?: boolean,
 *   topic?: string, bot_sees?: boolean,
 * }} Channel
 * @typedef {{ id: string, name: string, emojis?: Emoji[] }} Guild
 */

/**
 * @typedef {{ name: string, value: string | number | boolean }} Choice
 * @typedef {{
 *   name: string, type: number, description?: string, required?: boolean, autocomplete?: boolean,
 *   choices?: Choice[], options?: Option[], channel_types?: number[], min_value?: number,
 *   max_value?: number, min_length?: number, max_length?: number,
 * }} Option
 * @typedef {{
 *   name: string, type?: number, nsfw?: boolean, description?: string, options?: Option[],
 *   label?: string,
 * }} Command As the bot registered it; menus show a command under its label.
 * @typedef {{
 *   name: string, group?: string, subcommand?: string, adultsOnly: boolean, full: string,
 *   description: string, options: Option[],
 * }} Callable A command or subcommand that can be sent.
 * @typedef {{
 *   option: Option, start: number, valueStart: number, end: number, raw: string, unnamed?: boolean,
 *   picked?: { value: unknown },
 * }} Argument
 * @typedef {{ command: Callable, nameEnd: number, args: Argument[], stray: string }} Parsed
 * @typedef {{ people: Named[], channels: (Named & { type: number })[], roles: Named[] }} Entities
 * @typedef {{ value?: unknown, error?: string }} Reading
 */

/**
 * @typedef {{ emoji: Emoji, count: number, me: boolean }} Reaction
 * @typedef {{
 *   url?: string | null, proxy_url?: string, filename?: string, description?: string | null,
 *   content_type?: string, width?: number, height?: number, size?: number,
 * }} Media A picture or a file.
 * @typedef {Record<string, any> & { type: number }} Part A component of a message or a form.
 * @typedef {{
 *   id: string, channel_id: string, content: string, flags: number, timestamp: string, type: number,
 *   author: any, edited_timestamp?: string | null, mentions?: any[], reactions?: Reaction[],
 *   attachments?: any[], embeds?: any[], components?: Part[], interaction?: any,
 *   interaction_metadata?: any, message_reference?: any, referenced_message?: any,
 * }} Message
 * @typedef {{
 *   user: (id: string) => string, role: (id: string) => string, channel: (id: string) => string,
 *   openChannel: (id: string) => void, openCommand: (name: string) => void,
 * }} Names The names of ids, and what a press on one does.
 */

/**
 * @typedef {{
 *   gateway?: string, latency_ms?: number, upload_limit_bytes?: number, ratelimit_left?: number,
 *   outage_left?: number, outage_status?: number,
 * }} Weather
 * @typedef {{ running: boolean, done: number, wanted: number, said: string, taste?: string }} Activity
 * @typedef {{ tastes?: { id: string, label: string }[], voting?: Activity, asking?: Activity }} Fans
 */

export {};
