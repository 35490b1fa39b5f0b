// What draws the video, and what it takes.

import { find } from "./page.js";

export function startBackbone() {
  find("backbone").addEventListener("change", draw);
}

export const backboneFields = () =>
  (find("backbone").value === "svd" ? { backbone: "svd", options: { preset: find("preset").value } } : { backbone: find("backbone").value });

export function openBackbone({ backbone = "rules", options = {} }) {
  find("backbone").value = backbone;
  find("preset").value = options.preset ?? "balanced";
  draw();
}

function draw() {
  find("preset-label").hidden = find("forecast").hidden = find("backbone").value !== "svd";
}
