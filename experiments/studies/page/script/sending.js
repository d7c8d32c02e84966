/* Where data go: hosts, the way to them, and what is done where they are away. */

const PIPE = "https://pipe.jspsych.org/api";
const AGAIN = [500, 1000, 2000]; // ms until it is tried again by itself

class Trouble extends Error {
  constructor(kind, detail = "") {
    super(`${say(kind)} ${detail}`.trim());
    this.kind = kind;
  }
}

async function post(address, body) {
  const how = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(address, how).catch(() => null);
  if (answer?.ok) return answer.json().catch(() => ({}));
  if (answer?.status === 507) throw new Trouble("disk_full");
  if (!answer || answer.status >= 500) throw new Trouble("network");
  const text = await answer.text();
  let detail = text;
  try { detail = JSON.parse(text).error ?? text; } catch { /* it is plain text */ }
  throw new Trouble("refused", String(detail).slice(0, 500));
}

/** Try until it is done: some times by itself where the network is away, then whenever the participant says so. */
async function insist(work, save) {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (trouble) {
      if (!(trouble instanceof Trouble)) throw trouble;
      const wait = trouble.kind === "network" ? AGAIN[tries % (AGAIN.length + 1)] : undefined;
      if (wait) await pause(wait);
      else while (await ask(trouble.message, [say("try_again"), ...(save ? [say("save_file")] : [])]) === 1) save();
    }
  }
}

/** A list that the address names, or any. */
function ownList(study, number = 1 + Math.floor(Math.random() * study.lists)) {
  const list = query.has("list") ? Number(query.get("list")) : number;
  if (!Number.isInteger(list) || list < 1 || list > study.lists) {
    throw new Error(say("no_list", { lists: study.lists, list: query.get("list") }));
  }
  return list;
}

// begin: {list, session, done}; each: sends a row at once; all: stores all rows at the end, and tells the file's name
const HOSTS = {
  server: (study, kept) => {
    const token = query.has("token") ? `?${new URLSearchParams({ token: query.get("token") })}` : "";
    return {
      begin: () => post(`begin${token}`, { participant: kept.state.participant, study: study.version }),
      each: (row) => post(`data/${encodeURIComponent(kept.state.session)}${token}`, row),
    };
  },
  file: (study, kept) => ({
    begin: () => ({ list: kept.state.list ?? ownList(study) }),
    all: () => download(study, kept.state),
  }),
  datapipe: (study, kept) => ({
    begin: async () => {
      if (kept.state.list) return { list: kept.state.list };
      const given = await post(`${PIPE}/condition/`, { experimentID: study.datapipe }).catch(() => ({}));
      return { list: Number.isInteger(given.condition) ? 1 + (given.condition % study.lists) : ownList(study) };
    },
    all: async () => {
      const filename = `${kept.state.participant}_${kept.state.session}.json`.replace(/[^\w.-]+/g, "_");
      const data = JSON.stringify(kept.state.rows);
      await post(`${PIPE}/data/`, { experimentID: study.datapipe, filename, data });
    },
  }),
  jatos: (study, kept) => ({
    begin: async () => {
      await new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = "jatos.js";
        script.onload = () => window.jatos.onLoad(resolve);
        script.onerror = () => reject(new Error(say("no_file", { file: "jatos.js" })));
        document.head.append(script);
      });
      return { list: kept.state.list ?? ownList(study, 1 + ((Number(jatos.studyResultId) || 1) - 1) % study.lists) };
    },
    lines: true, // rows stay here after they are sent: in the end all replace the lines that came one by one
    each: (row) => jatos.appendResultData(`${JSON.stringify(row)}\n`).catch(() => { throw new Trouble("network"); }),
    all: async () => {
      await jatos.submitResultData(JSON.stringify(kept.state.rows)).catch(() => { throw new Trouble("network"); });
      await jatos.endStudyWithoutRedirect?.(!kept.state.quit);
    },
  }),
};

/** Rows on their way, one after the other; a row is kept here until the host says that it has it. */
class Outbox {
  constructor(host, kept, save) {
    Object.assign(this, { host, kept, save, sent: 0, way: Promise.resolve() });
    if (host.lines) this.sent = kept.state.sent ?? 0;
    this.push();
  }

  add(row) {
    this.kept.state.rows.push(row);
    this.kept.change();
    this.push();
  }

  push() {
    if (this.host.each) this.way = this.way.then(() => this.send());
  }

  async send() {
    const { rows } = this.kept.state;
    while (this.sent < rows.length) {
      await insist(() => this.host.each(rows[this.sent]), this.save);
      if (this.host.lines) this.kept.change({ sent: ++this.sent });
      else { rows.shift(); this.kept.change(); }
    }
  }

  /** Wait until all rows have arrived. */
  settled() { return this.way; }
}
