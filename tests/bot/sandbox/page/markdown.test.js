import assert from "node:assert/strict";
import { test } from "node:test";

import { outline } from "./tiny_document.js";
import { markdown, plainText } from "../../../../bot/sandbox/page/markdown.js";

const opened = [];
const NAMES = {
  user: (id) => `user${id}`,
  role: (id) => `role${id}`,
  channel: (id) => `channel${id}`,
  openChannel: (id) => opened.push(id),
  openCommand: (name) => opened.push(name),
};
const drawn = (text) => outline(markdown(text, NAMES));

const CASES = [
  ["**a** *b* _c_ __d__ ~~e~~", "<strong>a</strong> <em>b</em> <em>c</em> <u>d</u> <s>e</s>"],
  ["***a***", "<strong><em>a</em></strong>"],
  ["**a *b* c**", "<strong>a <em>b</em> c</strong>"],
  ["2 * 3 * 4", "2 * 3 * 4"],
  ["blue_hair_girl", "blue_hair_girl"],
  ["\\*a\\*", "*a*"],
  ["`a **b**`", "<code>a **b**</code>"],
  ["``a ` b``", "<code>a ` b</code>"],
  ["<b>x</b> & <script>", "<b>x</b> & <script>"],
  ["<@5> <@!5> <@&6> @everyone", "<span .mention>@user5</span> <span .mention>@user5</span> <span .mention>@role6</span> <span .mention>@everyone</span>"],
  ["<#7>", "<button .mention>#channel7</button>"],
  ["</waifu:8>", "<button .mention>/waifu</button>"],
  ["<:wave:9>", "<img .emoji http://127.0.0.1/cdn/emojis/9.png></img>"],
  ["[x](https://a.b/c)", "<a https://a.b/c>x</a>"],
  ["[x](javascript:alert(1))", "[x](javascript:alert(1))"],
  ["see https://a.b/c.", "see <a https://a.b/c>https://a.b/c</a>."],
  ["<https://a.b/c>", "<a https://a.b/c>https://a.b/c</a>"],
  ["||a||", "<span .spoiler><span>a</span></span>"],
  ["# A\nb", "<h4>A</h4>b"],
  ["### A", "<h6>A</h6>"],
  ["#art", "#art"],
  ["-# small", "<small>small</small>"],
  ["> a\n> b\nc", "<blockquote>a\nb</blockquote>c"],
  [">>> a\nb", "<blockquote>a\nb</blockquote>"],
  ["- a\n  - b\n- c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"],
  ["3. a\n4. b", "<ol><li>a</li><li>b</li></ol>"],
  ["```js\nlet a;\n```", "<pre><code>let a;</code><button .icon-button copy></button></pre>"],
  ["a ``` b", "a ``` b"],
  ["a\nb", "a\nb"],
];

for (const [text, wanted] of CASES)
  test(`markdown: ${JSON.stringify(text)}`, () => assert.equal(drawn(text), wanted));

test("a click on a channel or command opens it and runs nothing", () => {
  const [channel, , command] = markdown("<#7> </policy panel:8>", NAMES);
  channel.listeners.click();
  command.listeners.click();
  assert.deepEqual(opened, ["7", "policy panel"]);
});

test("hostile text is still drawn", () => {
  for (const text of ["*".repeat(2000), "[".repeat(2000), "> ".repeat(900), "||".repeat(1000), "_a".repeat(1000)])
    assert.ok(markdown(text, NAMES).length > 0);
});

test("plain text is one line without markup or spoilers", () => {
  assert.equal(plainText("**a**\n||secret|| <@5>", NAMES), "a (spoiler) @user5");
  assert.equal(plainText("```\ncode\n```", NAMES), "code");
});
