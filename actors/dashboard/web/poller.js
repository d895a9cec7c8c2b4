// Fetches what the page shows each second, while the page is visible, and knows how old it is.

const intervalMs = 1000;
const patienceMs = 5000;
const keyName = "troupe-admin-key";

export class Poller {
  /// `onData({status, actors, experiments})` after each round that worked, `onChange(poller)` after every round.
  constructor(onData, onChange) {
    this.onData = onData;
    this.onChange = onChange;
    this.fetchedAt = null;  // performance.now() of the newest data.
    this.trouble = null;    // Why the last round failed, or null.
    this.needsKey = false;
    this.timer = null;
    this.running = false;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.pause() : this.poll()));
  }

  start() {
    if (!document.hidden) this.poll();
  }

  pause() {
    clearTimeout(this.timer);
  }

  /// Kept until the tab is closed.
  useKey(key) {
    sessionStorage.setItem(keyName, key);
    this.poll();
  }

  hasKey() {
    return hasKey();
  }

  ageMs() {
    return this.fetchedAt === null ? null : performance.now() - this.fetchedAt;
  }

  async poll() {
    clearTimeout(this.timer);
    if (this.running) return;
    this.running = true;
    let data = null;
    try {
      const [status, actors, experiments] = await Promise.all(
        ["status", "actors", "experiments"].map((what) => get(`/api/v1/${what}`)));
      data = { status, actors, experiments };
      this.fetchedAt = performance.now();
      this.trouble = null;
    } catch (problem) {
      this.trouble = problem;
    }
    this.needsKey = this.trouble?.status === 401;
    this.running = false;
    if (!document.hidden) this.timer = setTimeout(() => this.poll(), intervalMs);
    if (data) this.onData(data);
    this.onChange(this);
  }
}

/// An answer of the head that is no data.
class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export async function get(path) {
  return (await ask(path)).json();
}

/// What is no JSON.
export async function getBlob(path) {
  return (await ask(path)).blob();
}

export function hasKey() {
  return sessionStorage.getItem(keyName) !== null;
}

async function ask(path) {
  const key = sessionStorage.getItem(keyName);
  const response = await fetch(path, {
    headers: key ? { authorization: `Bearer ${key}` } : {},
    signal: AbortSignal.timeout(patienceMs),
    cache: "no-store",
  });
  if (response.ok) return response;
  const answer = await response.json().catch(() => null);
  throw new Refusal(response.status, answer?.error?.message ?? `the head answered ${response.status}`);
}
