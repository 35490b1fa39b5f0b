// What was chosen so far, and who wants to know when it changes.

export const state = {
  portrait: null, // id of the picture
  picture: null, // its name
  face: null, // number of the face, 1 is the leftmost
  names: [], // of emotions, with valence and arousal
  keys: [{ time: 0, mix: { happy: 1 }, strength: 0.8 }],
  chosen: 0, // which key is changed by buttons, wheel and slider
};

const listeners = new Map();

export function when(name, call) {
  listeners.set(name, [...(listeners.get(name) ?? []), call]);
}

/** Names: "portrait", "keys" (which there are, and where), "mood" (of the chosen one), "still" (one is shown), "results". */
export function changed(name) {
  (listeners.get(name) ?? []).forEach((call) => call());
}

export const chosenKey = () => state.keys[state.chosen];
