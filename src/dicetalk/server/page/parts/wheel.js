// The wheel: to the right what is pleasant, upwards what is excited; the farther out, the stronger.

import { changed, chosenKey, state } from "./state.js";
import { angleOf, around, mixAt } from "./moods.js";
import { clamp, drags, find } from "./page.js";

const R = 82;
const WIDTH = 292;
let ring = [];
let point;

const at = (angle, far) => [R * far * Math.cos(angle), -R * far * Math.sin(angle)];

export function startWheel() {
  ring = around(state.names);
  find("wheel").innerHTML = `<svg viewBox="${-WIDTH / 2} -104 ${WIDTH} 208" aria-hidden="true"><circle class="rim" r="${R}"/><circle class="ring" r="${R / 2}"/>
    <line x1="${-R}" x2="${R}"/><line y1="${-R}" y2="${R}"/>
    <text class="axis" x="${R - 28}" y="-7">pleasant</text><text class="axis" x="${36 - R}" y="-7">unpleasant</text><text class="axis" y="${24 - R}">excited</text><text class="axis" y="${R - 10}">calm</text>
    ${ring.map(label).join("")}<circle class="point" r="8"/></svg>`;
  point = find("wheel").querySelector(".point");
  drags(find("wheel"), pull);
  find("wheel").addEventListener("keydown", press);
  drawPoint();
}

function label({ name, angle }) {
  const [x, y] = at(angle, 1);
  const [tx, ty] = at(angle, 1.17);
  const side = Math.cos(angle) > 0.35 ? "start" : Math.cos(angle) < -0.35 ? "end" : "middle";
  return `<circle class="name" r="3.5" cx="${x}" cy="${y}"/><text x="${tx}" y="${ty}" text-anchor="${side}">${name}</text>`;
}

function pull(event) {
  const box = find("wheel").getBoundingClientRect();
  const scale = WIDTH / box.width;
  const x = (event.clientX - box.left - box.width / 2) * scale;
  const y = (event.clientY - box.top - box.height / 2) * scale;
  put(Math.atan2(-y, x), Math.hypot(x, y) / R);
}

function put(angle, far) {
  const snapped = ring.find((some) => Math.abs(Math.sin((some.angle - angle) / 2)) < 0.02);
  Object.assign(chosenKey(), { mix: mixAt(snapped ? snapped.angle : angle, ring), strength: clamp(far, 0, 1) });
  changed("mood");
}

const STEPS = { ArrowLeft: [0.1, 0], ArrowRight: [-0.1, 0], ArrowUp: [0, 0.05], ArrowDown: [0, -0.05] };

function press(event) {
  const step = STEPS[event.key];
  if (!step) return;
  event.preventDefault();
  const { mix, strength } = chosenKey();
  const angle = (angleOf(mix, ring) ?? 0) + step[0];
  Object.assign(chosenKey(), { mix: mixAt(angle, ring), strength: clamp(strength + step[1], 0, 1) });
  changed("mood");
}

/** Put the point where the chosen mood is. */
export function drawPoint() {
  const { mix, strength } = chosenKey();
  const angle = angleOf(mix, ring);
  const [x, y] = angle === null ? [0, 0] : at(angle, strength);
  point.setAttribute("cx", x);
  point.setAttribute("cy", y);
}
