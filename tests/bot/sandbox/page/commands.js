// Commands as the bot registers them, which the tests type.
import { KIND } from "../../../../bot/sandbox/page/slash.js";

export const COMMANDS = [
  {
    name: "waifu",
    description: "Draw a picture",
    options: [
      { name: "count", type: KIND.INTEGER, min_value: 1, max_value: 4 },
      { name: "prompt", type: KIND.STRING, required: true, autocomplete: true, max_length: 40 },
      { name: "cfg", type: KIND.NUMBER, min_value: 1, max_value: 30 },
      {
        name: "style",
        type: KIND.STRING,
        choices: [
          { name: "Sharp lines", value: "sharp" },
          { name: "Watercolour", value: "water" },
        ],
      },
      { name: "private", type: KIND.BOOLEAN },
      { name: "like", type: KIND.ATTACHMENT },
    ],
  },
  { name: "queue", description: "What is waiting" },
  {
    name: "policy",
    description: "Rules",
    options: [
      { name: "panel", type: KIND.SUB, description: "Open the panel" },
      { name: "purge", type: KIND.SUB, options: [{ name: "user", type: KIND.USER, required: true }] },
      {
        name: "list",
        type: KIND.GROUP,
        options: [
          { name: "add", type: KIND.SUB, options: [{ name: "channel", type: KIND.CHANNEL }] },
        ],
      },
    ],
  },
  { name: "policy-report", description: "Figures" },
  { name: "grown", description: "For adults", nsfw: true },
  { name: "Draw like this", type: 3 },
];

export const KNOWN = {
  people: [{ id: "1", name: "Rin" }],
  channels: [{ id: "2", name: "art", type: 0 }],
  roles: [{ id: "3", name: "Member" }],
};
