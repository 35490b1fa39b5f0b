// Two ways to speak: from a recording, or live.

import { find } from "./page.js";
import { awaken } from "./live.js";

const NAMES = ["recorded", "live"];
const tab = (name) => find(`tab-${name}`);

export function startTabs() {
  NAMES.forEach((name, index) => {
    tab(name).addEventListener("click", () => choose(name));
    tab(name).addEventListener("keydown", ({ key }) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
      if (!step) return;
      const next = NAMES[(index + step + NAMES.length) % NAMES.length];
      choose(next);
      tab(next).focus();
    });
  });
}

function choose(name) {
  for (const some of NAMES) {
    find(some).hidden = some !== name;
    tab(some).setAttribute("aria-selected", some === name);
    tab(some).tabIndex = some === name ? 0 : -1;
  }
  if (name === "live") awaken();
}
