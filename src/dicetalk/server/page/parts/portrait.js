// The picture, and which of its faces speaks.

import * as api from "./api.js";
import { changed, state } from "./state.js";
import { startCamera } from "./camera.js";
import { remember } from "./names.js";
import { element, find, keptBy, takes, tell, untell } from "./page.js";

let newest = 0;

export function startPortrait() {
  takes(find("portrait-drop"), [find("portrait-file")], take);
  startCamera(take);
  document.addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files].find((some) => some.type.startsWith("image/"));
    if (file) take(file);
  });
  find("anyway").addEventListener("change", () => { untell("portrait"); settle(); });
}

let found = null;

const take = keptBy(async (file) => {
  const mine = ++newest;
  untell("portrait");
  leave();
  find("portrait-told").textContent = "Looking for faces …";
  try {
    const sent = await api.send(file);
    if (sent.kind !== "picture") throw new api.Problem({ detail: `${file.name || "This"} is a ${sent.kind}; choose a picture` });
    remember(sent.id, file.name || "portrait.png");
    const seen = await api.faces(sent.id);
    if (mine === newest) await show(file, sent, seen);
  } catch (error) {
    if (mine !== newest) return;
    find("portrait-told").textContent = "";
    tell(error, "portrait");
  }
});

/** Show a picture that the server still has. */
export async function reopen(id, face, anyway) {
  const mine = ++newest;
  leave();
  const seen = await api.faces(id);
  if (mine !== newest) return;
  find("anyway").checked = anyway;
  await show(null, { id }, seen, face);
}

function leave() {
  state.portrait = state.face = found = null;
  find("anyway").checked = false;
  find("anyway-label").hidden = find("stage").hidden = true;
  find("portrait-invite").hidden = false;
  changed("portrait");
}

async function show(file, sent, seen, face = null) {
  found = { id: sent.id, faces: seen.faces, warnings: seen.warnings };
  state.picture = file?.name || "portrait";
  await draw(file, sent.id);
  find("stage").hidden = false;
  find("portrait-invite").hidden = true;
  find("faces").replaceChildren(...seen.faces.map((some) => outline(some, seen)));
  if (!seen.faces.length) {
    find("portrait-told").textContent = "";
    tell({ message: "No face was found in this picture. Choose one that shows a face from the front." }, "portrait");
    return;
  }
  state.face = face ?? largest(seen.faces.filter((some) => some.usable), seen.faces).number;
  settle();
}

const area = ({ box: [left, top, right, bottom] }) => (right - left) * (bottom - top);
const largest = (usable, all) => [...(usable.length ? usable : all)].sort((one, other) => area(other) - area(one))[0];

async function draw(file, id) {
  const picture = find("picture");
  if (picture.src.startsWith("blob:")) URL.revokeObjectURL(picture.src);
  if (file) {
    picture.src = URL.createObjectURL(file);
    if (await picture.decode().then(() => true, () => false)) return;
  }
  // a format that browsers cannot show, as HEIC: the server's own view of it
  picture.src = URL.createObjectURL(await api.still({ portrait: id, size: 1024, anyway: true }));
  await picture.decode();
}

function outline(face, seen) {
  const [left, top, right, bottom] = face.box;
  const label = `Face ${face.number}${face.usable ? "" : ", cannot be used"}`;
  const made = element("button", { type: "button", className: face.usable ? "face" : "face bad" });
  made.setAttribute("aria-label", label);
  made.dataset.number = face.number;
  if (seen.faces.length > 1) made.append(element("span", { textContent: face.number }));
  Object.assign(made.style, {
    left: `${100 * left / seen.width}%`, top: `${100 * top / seen.height}%`,
    width: `${100 * (right - left) / seen.width}%`, height: `${100 * (bottom - top) / seen.height}%`,
  });
  made.addEventListener("click", () => { state.face = face.number; untell("portrait"); settle(); });
  return made;
}

/** Take the chosen face, or say why it cannot be taken. */
function settle() {
  if (!found || state.face === null) return;
  const face = found.faces.find((some) => some.number === state.face);
  for (const made of find("faces").children) made.setAttribute("aria-pressed", Number(made.dataset.number) === state.face);
  const good = face.usable || find("anyway").checked;
  find("anyway-label").hidden = face.usable;
  const many = found.faces.length;
  const count = many > 1 ? `${many} faces. Face ${state.face} speaks; click another one to change that.` : "One face found.";
  find("portrait-told").textContent = [count, ...found.warnings, ...face.warnings].join(" ");
  state.portrait = good ? found.id : null;
  if (!good) tell({ message: face.problem }, "portrait");
  changed("portrait");
}
