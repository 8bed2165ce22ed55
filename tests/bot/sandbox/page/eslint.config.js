// How the local Discord's page is linted; `make lint` runs it from the repository's root.
import js from "@eslint/js";
import globals from "globals";

const SIZES = {
  "max-lines": ["error", { max: 400 }],
  "max-lines-per-function": ["error", { max: 49, IIFEs: true }],
  "max-params": ["error", 6],
  "max-depth": ["error", 3],
  complexity: ["error", 15],
};
const RULES = {
  eqeqeq: "error",
  "no-shadow": ["error", { builtinGlobals: false }],
  "no-var": "error",
  "prefer-const": "error",
  "no-param-reassign": "error",
  "no-implicit-globals": "error",
  "no-restricted-properties": [
    "error",
    ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({
      property,
      message: "Text only ever becomes text nodes: build elements with h().",
    })),
  ],
  "no-console": "error",
  "no-unused-vars": ["error", { args: "after-used", caughtErrors: "all" }],
};

export default [
  { ignores: ["**/node_modules/"] },
  js.configs.recommended,
  { rules: { ...SIZES, ...RULES } },
  { files: ["bot/**"], languageOptions: { globals: globals.browser } },
  { files: ["tests/**"], languageOptions: { globals: globals.node } },
];
