// Finding elements, telling problems at their field, and what is dropped.

export const find = (id) => document.getElementById(id);

export function element(kind, told = {}, ...inside) {
  const made = Object.assign(document.createElement(kind), told);
  made.append(...inside);
  return made;
}

const SECTIONS = { backbone: "settings", options: "settings", portrait: "portrait", face: "portrait", anyway: "portrait", speech: "speech", channel: "speech",
  emotion: "emotion", emotion_file: "emotion", voice_emotion: "voice", consent: "consent", live: "live", settings: "settings", as_strong_as: "settings", seed: "settings", size: "settings" };

export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

const OPTION = /go on with --(\w+) \(in Python [^)]*\)/; // what the command line calls a box of this page

const place = (field) => document.querySelector(`[data-field="${field}"]`);

/** Show what went wrong at the field it belongs to, or at `usual`. */
export function tell(error, usual) {
  const field = SECTIONS[error.field] ?? usual;
  place(field).textContent = sentence(error.message.replace(OPTION, (_, name) => `tick “${find(name).parentElement.innerText.trim()}”`));
  const folded = place(field).closest("details");
  if (folded) folded.open = true;
  place(field).scrollIntoView({ block: "nearest" });
}

export const untell = (...fields) => fields.forEach((field) => { place(field).textContent = ""; });

export const isTold = (...fields) => fields.some((field) => place(field).textContent !== "");

const taken = new Set(); // files that are still sent or read

/** Whoever takes files, known to `settled`. */
export const keptBy = (take) => (file) => {
  const work = take(file).finally(() => taken.delete(work));
  taken.add(work);
  return work;
};

/** Wait until no file is sent or read any more. */
export async function settled() {
  while (taken.size) await Promise.allSettled(taken);
}

/** Give the files that are dropped on an element, or chosen in an input, to `take`. */
export function takes(drop, inputs, take) {
  inputs.forEach((input) => input.addEventListener("change", () => {
    if (input.files.length) take(input.files[0]);
    input.value = "";
  }));
  const over = (on) => (event) => { event.preventDefault(); drop.classList.toggle("over", on); };
  drop.addEventListener("dragover", over(true));
  drop.addEventListener("dragleave", over(false));
  drop.addEventListener("drop", (event) => {
    over(false)(event);
    if (event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
  });
}

/** Call `move` with each place of a pointer that is pressed on an element, then `end`. */
export function drags(target, move, end = () => {}) {
  target.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    target.setPointerCapture(event.pointerId);
    move(event);
    const stop = () => { target.removeEventListener("pointermove", move); end(); };
    target.addEventListener("pointermove", move);
    target.addEventListener("lostpointercapture", stop, { once: true });
  });
}

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
