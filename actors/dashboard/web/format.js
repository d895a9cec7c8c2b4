// Numbers and times for people.

export function count(value) {
  return Number(value ?? 0).toLocaleString("en");
}

export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let scaled = Number(value ?? 0);
  let unit = 0;
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    ++unit;
  }
  return `${scaled.toLocaleString("en", { maximumFractionDigits: scaled < 10 ? 1 : 0 })} ${units[unit]}`;
}

export function microseconds(value) {
  const us = Number(value ?? 0);
  if (us < 1000) return `${us} µs`;
  if (us < 1e6) return `${(us / 1e3).toFixed(us < 1e4 ? 1 : 0)} ms`;
  return `${(us / 1e6).toFixed(1)} s`;
}

/// "12 s", "3 min", "2 h", "5 d".
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

/// How long ago an ISO 8601 time was; "" for what is none.
export function ago(iso) {
  const then = Date.parse(iso);
  return Number.isNaN(then) ? "" : `${duration(Date.now() - then)} ago`;
}

export function plural(number, word) {
  return `${count(number)} ${word}${number === 1 ? "" : "s"}`;
}

/// What `show` makes of a number; of anything else a dash.
export const shown = (value, show) => (typeof value === "number" ? show(value) : "–");
/// An interval's ends, of which null is open; empty where there is none.
export const intervalText = (ends, show) =>
  Array.isArray(ends) ? `[${ends[0] === null ? "−∞" : show(ends[0])}, ${ends[1] === null ? "∞" : show(ends[1])}]` : "";
