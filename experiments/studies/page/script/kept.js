/* What outlives a reload: rows that are not sent, and what the participant has been through. */

const CODES = ["participant", "PROLIFIC_PID", "workerId", "SONA_ID", "survey_code", "id"]; // of recruiting services

let forgetful = false; // whether what is kept is lost with the page

const storage = (() => {
  try {
    localStorage.setItem("study", "1");
    return localStorage;
  } catch {
    forgetful = true;
    const held = new Map();
    return { getItem: (name) => held.get(name) ?? null, setItem: (name, text) => held.set(name, text) };
  }
})();

/** What outlives a reload: the rows that are not sent or saved, and what the participant has been through. */
class Kept {
  constructor(study, participant) {
    this.key = `study ${study.version} ${participant}`;
    const found = JSON.parse(storage.getItem(this.key) ?? "{}");
    this.state = { participant, session: code(16), list: null, rows: [], passed: [], screen: {}, ended: "", ...found };
  }

  change(changes = {}) {
    Object.assign(this.state, changes);
    try {
      storage.setItem(this.key, JSON.stringify(this.state));
    } catch {
      forgetful = true; // the page's share of the disk is used up: all is in memory still
    }
  }
}

function code(digits) {
  const bytes = crypto.getRandomValues(new Uint8Array(digits / 2));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whose session it is: of the address, of the one that is unfinished here, or of somebody new. */
async function participantOf(study, kind) {
  const told = CODES.map((name) => query.get(name)).find(Boolean);
  if (told) return new Kept(study, told);
  const latest = `study ${study.version}`;
  const before = storage.getItem(latest);
  if (before) {
    const kept = new Kept(study, before);
    if (kept.state.ended) return kept;
    const choices = [say("go_on"), say("new_session")];
    if (await ask(say("unfinished", { participant: before }), choices) === 0) return kept;
    if (kind !== "server" && kept.state.rows.length) download(study, kept.state);
  }
  const kept = new Kept(study, code(8));
  storage.setItem(latest, kept.state.participant);
  return kept;
}

function download(study, { participant, session, rows }) {
  const file = `${study.name}_${participant}_${session}.json`.replace(/[^\w.-]+/g, "_");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(rows)], { type: "application/json" }));
  link.download = file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  return file;
}
