// A mood is a mixture of names (shares that sum to 1; none is neutral) and a strength from 0 to 1.

const TURN = 2 * Math.PI;

/** As the server reads it. Rounded down: the strengths of a mixture may not sum to more than 1. */
export function textOf({ mix, strength }) {
  const terms = Object.entries(mix)
    .map(([name, share]) => [name, Math.floor(share * strength * 1000 + 1e-6) / 1000])
    .filter(([, value]) => value > 0);
  return terms.length ? terms.map(([name, value]) => `${name}:${value}`).join(",") : "neutral";
}

/** A mood of a text or an object of names and strengths; null where it is something else. */
export function moodOf(emotion, names, usual) {
  const known = new Set(names.map((some) => some.name));
  const terms = typeof emotion === "string" ? emotion.split(",").map((term) => term.trim().split(":")) : Object.entries(emotion);
  if (!terms.every(([name, value]) => known.has(name) && (value === undefined || Number.isFinite(Number(value))))) return null;
  const felt = terms.filter(([name]) => name !== "neutral").map(([name, value]) => [name, Number(value ?? usual / terms.length)]);
  const strength = felt.reduce((sum, [, value]) => sum + value, 0);
  if (strength === 0) return { mix: {}, strength: usual };
  return { mix: Object.fromEntries(felt.map(([name, value]) => [name, value / strength])), strength: Math.min(strength, 1) };
}

/** In words. */
export function wordsOf(mood) {
  const terms = Object.entries(mood.mix).map(([name, share]) => [name, Math.round(share * mood.strength * 100)]).filter(([, value]) => value > 0);
  return terms.sort((one, other) => other[1] - one[1]).map(([name, value]) => `${name} ${value} %`).join(", ") || "neutral";
}

const GAP = 0.45; // rad between neighbours: fear lies as good as on anger, and a finger needs room

/** Names around the wheel with their angle [rad], counterclockwise from pleasant; neutral is the middle. */
export function around(names) {
  const ring = names.filter((some) => some.name !== "neutral")
    .map((some) => ({ name: some.name, angle: (Math.atan2(some.arousal, some.valence) + TURN) % TURN }))
    .sort((one, other) => one.angle - other.angle);
  for (let round = 0; round < 200; round++) {
    for (let index = 1; index < ring.length; index++) {
      const lack = GAP - (ring[index].angle - ring[index - 1].angle);
      if (lack > 0) {
        ring[index].angle += lack / 2;
        ring[index - 1].angle -= lack / 2;
      }
    }
  }
  return ring;
}

/** The mixture of the two names between which an angle lies. */
export function mixAt(angle, ring) {
  const turned = ((angle % TURN) + TURN) % TURN;
  const next = ring.findIndex((some) => some.angle > turned);
  const after = ring[next === -1 ? 0 : next];
  const before = ring[(next <= 0 ? ring.length : next) - 1];
  const gap = (after.angle - before.angle + TURN) % TURN;
  const share = ((turned - before.angle + TURN) % TURN) / gap;
  return share < 1e-3 ? { [before.name]: 1 } : share > 1 - 1e-3 ? { [after.name]: 1 } : { [before.name]: 1 - share, [after.name]: share };
}

/** Where a mixture lies around the wheel; null for neutral. */
export function angleOf(mix, ring) {
  const parts = ring.filter((some) => mix[some.name] > 0);
  if (!parts.length) return null;
  if (parts.length === 2) {
    const [one, other] = parts;
    const far = other.angle - one.angle > Math.PI;
    const turn = far ? other.angle - one.angle - TURN : other.angle - one.angle;
    return one.angle + turn * mix[other.name];
  }
  const sum = (of) => parts.reduce((all, some) => all + mix[some.name] * of(some.angle), 0);
  return Math.atan2(sum(Math.sin), sum(Math.cos));
}
