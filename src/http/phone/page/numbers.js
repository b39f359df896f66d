// Numbers that regulators keep for fiction, so that none of them is somebody's; and those that were used before.

const RANGES = { GB: ["+447700900", 3], US: ["+120255501", 2], FR: ["+3363998", 4] };
const USED = "replyflow-numbers";
const KEPT = 12;

export function fresh(country) {
  const [prefix, digits] = RANGES[country] ?? RANGES.GB;
  const known = new Set(used().map((one) => one.number));
  let number = "";
  for (let tries = 0; tries < 50; tries++) {
    const n = crypto.getRandomValues(new Uint32Array(1))[0] % 10 ** digits;
    number = prefix + String(n).padStart(digits, "0");
    if (!known.has(number)) break;
  }
  return number;
}

export function used() {
  try {
    const read = JSON.parse(localStorage.getItem(USED) ?? "[]");
    return Array.isArray(read) ? read.filter((one) => typeof one?.number === "string") : [];
  } catch {
    return [];
  }
}

// Remembers who was played last, the latest first.
export function use(who) {
  const before = used().find((one) => one.number === who.number);
  const others = used().filter((one) => one.number !== who.number);
  const all = [{ ...before, ...who }, ...others].slice(0, KEPT);
  try {
    localStorage.setItem(USED, JSON.stringify(all));
  } catch {
    // A browser that keeps nothing is no reason to stop.
  }
}
