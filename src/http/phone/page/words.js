// Moments, spans, decisions and outcomes as people say them.

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

export function span(ms) {
  const units = [[7 * DAY, "week"], [DAY, "day"], [HOUR, "hour"], [MINUTE, "minute"], [SECOND, "second"]];
  const parts = [];
  let rest = Math.round(ms / SECOND) * SECOND;
  for (const [size, name] of units) {
    const n = Math.floor(rest / size);
    rest -= n * size;
    if (n > 0 && parts.length < 2) parts.push(`${n} ${name}${n === 1 ? "" : "s"}`);
  }
  return parts.join(" ") || "a moment";
}

let zone;
export function speakIn(timezone) {
  zone = undefined;
  try {
    if (timezone) new Intl.DateTimeFormat("en", { timeZone: timezone });
    zone = timezone ?? undefined;
  } catch {
    // A zone that this browser does not know: its own.
  }
}

const format = (options) => (ms) => new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone }).format(new Date(ms));
export const clock = format({ hour: "2-digit", minute: "2-digit" });
export const day = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
export const short = format({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

const DECISIONS = {
  opt_out: "Opts out", opt_in: "Opts in", help: "Asks for help", answer: "Answers the question",
  gathered: "Part of an answer", anytime: "Anytime", start: "Begins a flow", start_waits: "A start that waits",
  start_ignored: "A start that is not made", no_match: "No answer to the question", inbox: "To the inbox", ignored: "Ignored",
  late: "A late reply", awaited: "What a flow waits for", too_old: "Too old", flooded: "Too many messages",
};
export const decision = (name) => DECISIONS[name] ?? name;

const REASONS = {
  unreachable: "unreachable", invalid: "no such number", blocked: "blocked", opted_out: "opted out", filtered: "filtered",
  window_closed: "the 24-hour window is closed", template: "the template does not fit", limit: "a limit", balance: "no money",
  configuration: "configuration", content: "content", unknown: "nobody knows why",
};
export const reason = (name) => REASONS[name] ?? name;

const WAITS = {
  reply: "a reply", paused: "its turn, its question put aside", turn: "its turn to ask", call: "the answer to a call",
  time: "a moment", hours: "the hours to begin", event: "an event",
};
export const waits = (name) => WAITS[name] ?? name;

export function value(of) {
  if (of === null || of === undefined) return "–";
  return typeof of === "string" ? of : JSON.stringify(of);
}
