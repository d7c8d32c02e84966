/* The page of a study: reads study.json and a list, shows its trials with jsPsych, and sends what is answered.
 *
 * What comes from files is set as text, or is Markdown that markdown-it renders without HTML. Times are in ms,
 * those of the browser's animation frames and events, which share one clock.
 */
"use strict";

// Every text of the page that is not the study's own. Another language: words.json, {"de": {name: text}}.
const WORDS = {
  agree: "I have read this and take part",
  next: "Continue",
  previous: "Back",
  begin: "Start (space bar)",
  full_screen: "The study fills the screen. Press the button when you are ready.",
  no_full_screen: "This browser does not show pages in full screen. Please use a current Chrome, Edge, Firefox or "
    + "Safari on a computer if you can; otherwise close what could distract you, make the window as large as you can, "
    + "and go on.",
  left_full_screen: "You have left the full screen. Go on when you are ready: what was interrupted starts again.",
  hidden: "The page was hidden. Go on when you are ready: what was interrupted starts again.",
  go_on: "Go on",
  quit: "Quit",
  really_quit: "Do you want to stop here? What you have answered so far is kept.",
  has_quit: "You have stopped the study.",
  card: "Hold a bank card, or another card of that size, against the screen. Drag the lower right corner of the "
    + "rectangle until both are of the same size.",
  card_done: "They are of the same size",
  blind_spot: "Now the distance from your eyes to the screen.\n\n1. Put a finger of your left hand on the space bar, "
    + "and cover your right eye with your right hand.\n2. Look at the black square with your left eye, all the time.\n"
    + "3. Press the space bar: the red ball moves to the left. Press it again as soon as the ball disappears.",
  measurements: "Measurements left:",
  distance: "You are sitting this far from the screen:",
  distance_right: "That is about right",
  distance_wrong: "No, measure again",
  too_small: "The window is too small for what is shown in this study: please make it larger.",
  too_small_needed: "Needed:",
  too_small_found: "Now:",
  cannot_enlarge: "I cannot make it larger",
  excluded: "This screen is too small for the study, which ends here. Thank you for trying.",
  loading: "Loading the pictures ...",
  not_loaded: "Some pictures could not be loaded. Please check the network, and load this page again: what you have "
    + "answered is kept.",
  practice_over: "That was the practice. Now it counts.",
  pause: "Time for a break. Part {block} of {blocks} follows when you go on.",
  right: "Right",
  wrong: "Wrong: {answer}",
  too_slow: "Too slow",
  network: "Your answers cannot be sent: the network or the server is away. They are kept on this computer. Please "
    + "check the connection, and try again.",
  disk_full: "The server cannot store your answers, its disk is full. They are kept on this computer. Please tell the "
    + "experimenter, and try again later.",
  refused: "The server does not take this session. Please tell the experimenter what it says:",
  try_again: "Try again",
  save_file: "Save my answers as a file",
  saved_file: "Your answers are in the file {file}, among your downloads. Please give it to the experimenter.",
  sending: "Your answers are being saved ...",
  all_saved: "All your answers are saved.",
  another: "Next participant",
  unfinished: "A session of participant {participant} was begun here and not finished.",
  new_session: "Start as somebody else",
  no_storage: "This browser keeps nothing for this page: please do not load it again before the end.",
  no_libraries: "The page's libraries could not be loaded. Experimenter: check the network, or write the study with "
    + "--offline.",
  no_server: "A study cannot be opened as a file. Experimenter: start it with python -m experiments serve FOLDER.",
  no_file: "A file of the study could not be read ({file}). Please load the page again, or tell the experimenter.",
  no_list: "This study has the lists 1 to {lists}; the address asks for {list}.",
};
const CODES = ["participant", "PROLIFIC_PID", "workerId", "SONA_ID", "survey_code", "id"]; // of recruiting services
const PIPE = "https://pipe.jspsych.org/api";
const HELD = { network: [500, 1000, 2000], feedback: 1000, full_screen: 250 };
const REFRESH = 1000 / 60; // until it is measured
const NEEDED = { width: 120, height: 130, row: 50 }; // pixels around the picture, and for each row of answers
const CANCELLED = Symbol("cancelled");

const query = new URLSearchParams(location.search);
let words = WORDS;
let markdown;

// ------------------------------------------------------------------------------------------------ texts and pages

function say(name, fields = {}) {
  return words[name].replace(/\{(\w+)\}/g, (_, field) => fields[field]);
}

function escaped(text) {
  const held = document.createElement("i");
  held.textContent = text;
  return held.innerHTML;
}

const said = (name, fields) => escaped(say(name, fields));
const rendered = (text) => `<div class="told">${markdown.render(text)}</div>`;

function make(tag, kind, ...content) {
  const made = document.createElement(tag);
  made.className = kind;
  made.append(...content); // texts become text nodes
  return made;
}

function button(label, press) {
  const made = make("button", "jspsych-btn", label);
  made.type = "button";
  made.addEventListener("click", press);
  return made;
}

const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));

/** Ask something above everything else; gives the number of what was chosen. */
function ask(text, choices) {
  return new Promise((resolve) => {
    const dialog = make("dialog", "ask", make("p", "", text));
    choices.forEach((label, k) => {
      dialog.append(button(label, () => { dialog.remove(); resolve(k); }));
    });
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => { if (dialog.isConnected) dialog.showModal(); }); // Escape, pressed twice
    document.body.append(dialog);
    dialog.showModal();
  });
}

async function read(file, optional = false) {
  const found = await fetch(file, { cache: "no-cache" }).catch(() => null);
  if (found?.ok) return found;
  if (optional) return null;
  throw new Error(say("no_file", { file }));
}

// ------------------------------------------------------------------------------------------------ what is kept

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

// ------------------------------------------------------------------------------------------------ where data go

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
      const wait = trouble.kind === "network" ? HELD.network[tries % (HELD.network.length + 1)] : undefined;
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

// ------------------------------------------------------------------------------------------------ interruptions

/** The participant leaves the full screen or the page, or wants to stop: what is running is given up. */
class Watch {
  constructor(quit) {
    Object.assign(this, { quit, full: false, running: false, asking: null, stop: new AbortController(), over: false });
    this.button = button(say("quit"), () => this.ask("really_quit"));
    this.button.id = "quit";
    document.body.append(this.button);
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") this.ask("really_quit"); });
    document.addEventListener("fullscreenchange", () => {
      if (this.full && !document.fullscreenElement) this.ask("left_full_screen");
    });
    document.addEventListener("visibilitychange", () => { if (document.hidden && this.running) this.ask("hidden"); });
  }

  ask(name) {
    if (this.asking || this.over) return;
    this.asking = (async () => {
      this.stop.abort();
      const left = await ask(say(name), [say("go_on"), say("quit")]) === 1;
      if (!left && this.full && !document.fullscreenElement) {
        await document.documentElement.requestFullscreen().catch(() => { this.full = false; });
      }
      this.stop = new AbortController();
      this.asking = null;
      if (left) this.quit();
    })();
  }

  end() {
    this.over = true;
    this.full = false;
    this.button.remove();
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
  }
}

/** A promise that an interruption ends early, with CANCELLED; what it had set up is taken down then, too. */
function until(signal, start) {
  return new Promise((resolve) => {
    const undo = new AbortController();
    const finish = (value) => { undo.abort(); resolve(value); };
    if (signal.aborted) return finish(CANCELLED);
    signal.addEventListener("abort", () => finish(CANCELLED), { signal: undo.signal });
    start(finish, undo.signal);
  });
}

const pressed = (event) => (event.key.length === 1 ? event.key.toLowerCase() : event.key);

// ------------------------------------------------------------------------------------------------ a trial

/** How an answer is given: an element, and what listens once answers count; `answer` takes {response, key, time}. */
const ANSWERS = {
  keys: ({ keys, options, order }) => ({ // as they lie on the keyboard
    element: make("div", "answers", ...[...options].sort((one, other) => order.indexOf(keys[one]) - order.indexOf(keys[other]))
      .map((option) => make("label", "", make("kbd", "", keyName(keys[option])), shownAs(option)))),
    always: true,
    listen: (answer, signal) => document.addEventListener("keydown", (event) => {
      const response = options.find((option) => pressed({ key: keys[option] }) === pressed(event));
      if (response === undefined || event.repeat) return;
      event.preventDefault(); // the page would scroll
      answer({ response, key: event.key, time: event.timeStamp });
    }, { signal }),
  }),
  buttons: ({ options }) => pressedButtons("answers", options),
  grid: ({ options }) => pressedButtons("answers grid", options),
  slider: ({ options }) => {
    const slide = make("input", "");
    Object.assign(slide, { type: "range", min: 0, max: options.length - 1, step: 1, value: (options.length - 1) / 2 });
    const done = button(say("next"), () => {});
    done.disabled = true;
    slide.setAttribute("aria-label", `${options[0]} ... ${options.at(-1)}`);
    slide.addEventListener("input", () => { done.disabled = false; });
    slide.addEventListener("click", () => { done.disabled = false; });
    return {
      element: make("div", "answers", make("label", "", shownAs(options[0]), slide, shownAs(options.at(-1))), done),
      listen: (answer, signal) => done.addEventListener("click", (event) => {
        answer({ response: options[Number(slide.value)], key: "", time: event.timeStamp });
      }, { signal }),
    };
  },
  place: ({ canvas, options, places }) => {
    canvas.classList.add("place");
    return {
      element: make("div", "answers"),
      listen: (answer, signal) => canvas.addEventListener("click", (event) => {
        const box = canvas.getBoundingClientRect();
        const place = [
          Math.round((event.clientX - box.left) * canvas.width / box.width),
          Math.round((event.clientY - box.top) * canvas.height / box.height),
        ];
        answer({ response: nearest(place, options, places), key: "", time: event.timeStamp, place });
      }, { signal }),
    };
  },
};

const shownAs = (option) => option.replaceAll("_", " ");
const keyName = (key) => ({ " ": "space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" })[key] ?? key;

const columnsOf = (options) => Math.ceil(Math.sqrt(options.length));

function pressedButtons(kind, options) {
  const buttons = options.map((option) => button(shownAs(option), () => {}));
  const element = make("div", kind, ...buttons);
  element.style.setProperty("--columns", columnsOf(options));
  return {
    element,
    listen: (answer, signal) => element.addEventListener("click", (event) => {
      const response = options[buttons.indexOf(event.target)];
      if (response !== undefined) answer({ response, key: "", time: event.timeStamp });
    }, { signal }),
  };
}

/** The option whose place in the picture is nearest to the click; the place itself where options have none. */
function nearest([x, y], options, places) {
  if (!places) return `${x},${y}`;
  const distance = (option) => Math.hypot(places[option][0] - x, places[option][1] - y);
  return options.reduce((best, option) => (distance(option) < distance(best) ? option : best));
}

async function bitmaps(frames) {
  const names = [...new Set(frames.map((frame) => frame.picture).filter(Boolean))];
  const made = await Promise.all(names.map(async (name) => {
    const picture = new Image();
    picture.src = name;
    await picture.decode().catch(() => { throw new Error(say("no_file", { file: name })); });
    return [name, await createImageBitmap(picture)];
  }));
  return new Map(made);
}

/** Onsets of the frames after the first one in ms, until the first that lasts until the response. */
function planned(frames) {
  const onsets = [0];
  for (const { duration } of frames.slice(0, -1)) {
    if (duration === null) break;
    onsets.push(onsets.at(-1) + 1000 * duration);
  }
  return onsets;
}

/**
 * Show frames, each at the refresh of the screen that is nearest to its onset, and at least one.
 *
 * Times of answers count from the onset of the seen frame. Keys are heard from then on; what is clicked appears
 * once that frame is over, or with it where it lasts until the response: nothing else changes with the target.
 */
function play(canvas, frames, pictures, answering, limit, tick, signal) {
  const plan = planned(frames);
  const target = frames.findIndex((frame) => frame.seen);
  const told = { onsets: [], planned: plan, missed: 0, answer: null };
  const paint = canvas.getContext("2d");
  return until(signal, (finish, ended) => {
    let [first, before, onset, open, shown] = [null, null, null, false, -1];
    const answer = (given) => finish({ ...told, answer: given && { ...given, rt: given.time - onset } });
    const listen = () => {
      if (open) return;
      open = true;
      answering.element.classList.remove("hidden");
      answering.listen(answer, ended);
    };
    const startLimit = () => {
      const timer = setTimeout(() => answer(null), Math.max(0, onset + 1000 * limit - performance.now()));
      ended.addEventListener("abort", () => clearTimeout(timer));
    };
    const show = (now) => {
      shown += 1;
      paint.clearRect(0, 0, canvas.width, canvas.height);
      const picture = pictures.get(frames[shown].picture);
      if (picture) paint.drawImage(picture, 0, 0, canvas.width, canvas.height);
      told.onsets.push(now - first);
      if (shown === target) {
        onset = now;
        if (limit !== null) startLimit();
      }
      if (shown > target || (shown === target && (answering.always || frames[shown].duration === null))) listen();
    };
    const step = (now) => {
      if (ended.aborted) return;
      if (before !== null) told.missed += Math.max(0, Math.round((now - before) / tick) - 1);
      before = now;
      first ??= now;
      const passed = now - first + tick / 2;
      if (shown + 1 < plan.length && passed >= plan[shown + 1]) show(now);
      const { duration } = frames[shown];
      if (shown + 1 < plan.length || (duration !== null && passed < plan[shown] + 1000 * duration)) {
        requestAnimationFrame(step);
      } else if (duration !== null) { // the last frame is over, and the answer is still to come
        paint.clearRect(0, 0, canvas.width, canvas.height);
        listen();
      }
    };
    requestAnimationFrame(step);
  });
}

const round = (number) => Math.round(number * 100) / 100;
const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

/** What is recorded of a trial that was shown. */
function rowOf(trial, told, screen, restarts) {
  const { answer } = told;
  const response = answer?.response ?? "";
  const errors = told.onsets.map((onset, k) => Math.abs(onset - told.planned[k])).slice(1);
  return {
    block: trial.block, phase: trial.phase, trial: trial.trial, item: trial.item, instruction: trial.instruction,
    sentence: trial.sentence, answer: trial.answer, factors: trial.factors, response, key: answer?.key ?? "",
    rt: answer ? round(answer.rt) : null, correct: trial.answer === "" ? null : response === trial.answer,
    onsets: told.onsets.map(round), planned: told.planned.slice(0, told.onsets.length).map(round),
    onset_error: errors.length ? round(mean(errors)) : null, missed_frames: told.missed,
    degrees_per_pixel: screen.pixels_per_degree ? 1 / screen.pixels_per_degree : null,
    fullscreen: Boolean(document.fullscreenElement), time: new Date().toISOString(), place: answer?.place ?? null, restarts,
  };
}

/** The plugin that shows a trial: what to attend to, its frames, the answer, and feedback in practice. */
function trialPlugin({ study, list, kept, watch, outbox }) {
  const { question, response, feedback } = study.task;
  const [height, width] = study.display.pixels;
  let told = null; // the sentence that was read last

  async function sentence(element, text, signal) {
    if (!text || text === told) return null;
    return until(signal, (finish, ended) => {
      const start = button(say("begin"), () => finish(null));
      element.replaceChildren(make("div", "before", make("p", "sentence", text), start));
      document.addEventListener("keydown", (event) => {
        if (event.key === " " && !event.repeat) { event.preventDefault(); finish(null); }
      }, { signal: ended });
    });
  }

  async function once(element, trial, pictures) {
    const { signal } = watch.stop;
    if (await sentence(element, trial.sentence, signal) === CANCELLED) return CANCELLED;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const size = drawn(study, kept.state.screen);
    Object.assign(canvas.style, { height: `${size[0]}px`, width: `${size[1]}px` });
    const options = response.options;
    const answering = ANSWERS[response.kind]({
      options, keys: list.keys, order: response.keys, canvas, places: trial.places,
    });
    if (!answering.always) answering.element.classList.add("hidden");
    const below = make("div", "below", make("p", "question", question), answering.element);
    const shown = make("div", "trial", make("p", "sentence", trial.sentence), canvas, below);
    if (answering.always) shown.classList.add("running");
    element.replaceChildren(shown);
    const tick = kept.state.screen.refresh ?? REFRESH;
    const seen = await play(canvas, trial.frames, pictures, answering, response.time_limit, tick, signal);
    if (seen === CANCELLED) return CANCELLED;
    told = trial.sentence;
    canvas.getContext("2d").clearRect(0, 0, width, height);
    if (feedback && trial.phase === "practice" && trial.answer !== "") {
      const right = seen.answer?.response === trial.answer;
      const text = right ? say("right") : say(seen.answer ? "wrong" : "too_slow", { answer: shownAs(trial.answer) });
      answering.element.replaceWith(make("p", "feedback", text));
      await pause(HELD.feedback);
    }
    return seen;
  }

  return class Frames {
    static info = {
      name: "frames",
      version: "1.0.0",
      parameters: { at: { type: jsPsychModule.ParameterType.INT } },
      data: Object.fromEntries(["response", "key", "rt", "correct", "onsets"].map((name) => [name, {}])),
    };

    async trial(element, { at }) {
      const trial = list.trials[at];
      await outbox.settled();
      const pictures = await bitmaps(trial.frames);
      for (let restarts = 0; ; restarts++) {
        await watch.asking;
        if (watch.over) return {};
        watch.running = true;
        const seen = await once(element, trial, pictures);
        watch.running = false;
        if (seen !== CANCELLED) {
          pictures.forEach((picture) => picture.close());
          return rowOf(trial, seen, kept.state.screen, restarts);
        }
        told = null;
        element.replaceChildren();
      }
    }
  };
}

// ------------------------------------------------------------------------------------------------ the session

/** Height and width of the picture on the screen, in its pixels: of degrees where these are known. */
function drawn({ display }, screen) {
  if (!display.degrees || !screen.pixels_per_degree) return display.pixels;
  return display.degrees.map((degrees) => Math.round(degrees * screen.pixels_per_degree));
}

function timelineOf({ study, list, kept, watch, outbox, texts, done }) {
  const ofPage = (name, node) => ({ ...node, data: { phase: "page", page: name } });
  const once = (name, node) => (kept.state.passed.includes(name) ? [] : [{
    ...ofPage(name, node),
    on_finish: (data) => {
      if (data.page !== "quit") kept.change({ passed: [...kept.state.passed, name] });
      node.on_finish?.(data);
    },
  }]);
  const told = (pages, label = say("next")) => ({
    type: jsPsychInstructions, pages, show_clickable_nav: true, allow_keys: false, allow_backward: pages.length > 1,
    button_label_next: escaped(label), button_label_previous: said("previous"),
  });
  const message = (name, fields) => told([`<p class="told">${said(name, fields)}</p>`]);
  const screenful = (changes) => kept.change({ screen: { ...kept.state.screen, ...changes } });
  const left = list.trials.map((trial, at) => ({ trial, at })).filter(({ trial }) => !done.has(trial.trial));
  const names = [...new Set(left.flatMap(({ trial }) => trial.frames.map((frame) => frame.picture)).filter(Boolean))];
  const parts = [...new Set(list.trials.filter(({ phase }) => phase !== "practice").map(({ block }) => block))];
  const { kind, options } = study.task.response;
  const rows = kind === "grid" ? Math.ceil(options.length / columnsOf(options)) : 1;
  const Frames = trialPlugin({ study, list, kept, watch, outbox });

  const fullScreen = [
    { timeline: [ofPage("full screen", {
      type: jsPsychFullscreen, message: `<p>${said("full_screen")}</p>`, button_label: said("next"),
      delay_after: HELD.full_screen,
      on_finish: async () => { // browsers take their time
        for (let k = 0; k < 20 && !document.fullscreenElement; k++) await pause(100);
      },
    })], conditional_function: () => document.fullscreenEnabled },
    { timeline: [ofPage("no full screen", message("no_full_screen"))],
      conditional_function: () => { watch.full = Boolean(document.fullscreenElement); return !watch.full; } },
  ];
  const calibration = once("calibration", {
    type: jsPsychVirtualChinrest, blindspot_reps: 3, resize_units: "none",
    adjustment_prompt: `<p>${said("card")}</p>`, adjustment_button_prompt: said("card_done"),
    blindspot_prompt: rendered(say("blind_spot")), blindspot_measurements_prompt: said("measurements"),
    viewing_distance_report: `<p>${said("distance")} <span id="distance-estimate"></span></p>`,
    redo_measurement_button_label: said("distance_wrong"), blindspot_done_prompt: said("distance_right"),
    on_finish: (data) => {
      if (data.px2deg) screenful({ pixels_per_degree: data.px2deg, distance: data.view_dist_mm });
    },
  });
  const large = ofPage("screen", {
    type: jsPsychBrowserCheck, vsync_frame_count: 20,
    features: ["width", "height", "browser", "browser_version", "os", "mobile",
      ...(kept.state.screen.refresh ? [] : ["vsync_rate"])],
    minimum_width: () => drawn(study, kept.state.screen)[1] + NEEDED.width,
    minimum_height: () => drawn(study, kept.state.screen)[0] + NEEDED.height + NEEDED.row * rows,
    window_resize_message: `<p>${said("too_small")}</p><p>${said("too_small_needed")} <b id="browser-check-min-width"></b>
      × <b id="browser-check-min-height"></b>. ${said("too_small_found")} <b id="browser-check-actual-width"></b> ×
      <b id="browser-check-actual-height"></b>.</p>`,
    resize_fail_button_text: said("cannot_enlarge"),
    exclusion_message: () => { kept.change({ quit: "excluded" }); return ""; },
    on_finish: (data) => { if (data.vsync_rate > 10) screenful({ refresh: 1000 / data.vsync_rate }); },
  });
  const shown = left.flatMap(({ trial, at }, k) => {
    const before = left[k - 1]?.trial;
    const first = before && before.block !== trial.block;
    const part = { block: 1 + parts.indexOf(trial.block), blocks: parts.length };
    const over = before?.phase === "practice" && trial.phase !== "practice";
    return [
      ...(over ? [ofPage("practice over", message("practice_over"))] : []),
      ...(first && !over ? [ofPage("break", message("pause", part))] : []),
      { type: Frames, at },
    ];
  });
  return [
    ...once("consent", { ...told([rendered(texts.consent)], say("agree")), on_finish: (data) => {
      data.query = Object.fromEntries([...query].filter(([name]) => name !== "token"));
    } }),
    ofPage("preload", {
      type: jsPsychPreload, images: names, message: `<p>${said("loading")}</p>`, error_message: `<p>${said("not_loaded")}</p>`,
    }),
    ...(study.page.fullscreen ? fullScreen : []),
    ...(study.page.calibration ? calibration : []),
    large,
    ...once("instructions", told(texts.pages.map(rendered))),
    ...shown,
  ];
}

/** The last page: what is done with the answers, and what the study was about. */
async function finished({ study, kept, host, outbox, texts, stage }) {
  const state = make("p", "told", say("sending"));
  stage.replaceChildren(state);
  await outbox.settled();
  const save = () => download(study, kept.state);
  const file = host.all && kept.state.ended !== "saved" ? await insist(host.all, save) : null;
  kept.change({ ended: "saved" });
  const named = study.hosting === "file" ? file ?? save() : null;
  state.textContent = [
    ...(kept.state.quit ? [say(kept.state.quit === "excluded" ? "excluded" : "has_quit")] : []),
    named ? say("saved_file", { file: named }) : say("all_saved"),
  ].join(" ");
  const about = document.createElement("div");
  about.innerHTML = rendered(texts.debriefing); // markdown-it lets no HTML through
  stage.append(about);
  if (named) stage.append(make("p", "told", button(say("save_file"), save)));
  if (kept.state.quit === "quit" && study.hosting !== "jatos") {
    const goOn = () => { kept.change({ quit: "", ended: "" }); location.reload(); };
    stage.append(make("p", "told", button(say("go_on"), goOn)));
  }
  if (!CODES.some((name) => query.has(name))) {
    const another = () => { storage.setItem(`study ${study.version}`, ""); location.reload(); };
    stage.append(make("p", "told", button(say("another"), another)));
  }
}

async function main(stage) {
  if (location.protocol === "file:") throw new Error(say("no_server"));
  if (typeof initJsPsych === "undefined" || typeof markdownit === "undefined") throw new Error(say("no_libraries"));
  markdown = markdownit(); // without HTML, the default
  const study = await (await read("study.json")).json();
  const asked = query.get("language") ?? navigator.language.slice(0, 2);
  const language = asked in study.task.pages ? asked : "en";
  const translated = language === "en" ? null : await read("words.json", true);
  if (translated) words = { ...WORDS, ...(await translated.json())[language] };
  const texts = {
    consent: await (await read("consent.md")).text(),
    debriefing: await (await read("debriefing.md")).text(),
    pages: study.task.pages[language],
  };
  document.title = study.name;
  document.documentElement.lang = language;
  const [red, green, blue] = study.display.background;
  document.documentElement.style.setProperty("--background", `rgb(${red} ${green} ${blue})`);
  document.documentElement.style.setProperty("--ink", red + green + blue < 330 ? "#fff" : "#000");

  const kept = await participantOf(study, study.hosting);
  const host = HOSTS[study.hosting](study, kept);
  const begun = await insist(host.begin);
  kept.change({ list: begun.list, session: begun.session ?? kept.state.session });
  if (forgetful) await ask(say("no_storage"), [say("go_on")]);
  const list = await (await read(`lists/${String(begun.list).padStart(4, "0")}.json`)).json();
  const ofTrials = kept.state.rows.filter((row) => row.phase !== "page").map((row) => row.trial);
  const done = new Set([...(begun.done ?? []), ...ofTrials]);

  const outbox = new Outbox(host, kept, () => download(study, kept.state));
  const base = { study: study.version, participant: kept.state.participant, session: kept.state.session, list: begun.list };
  const jsPsych = initJsPsych({
    display_element: stage,
    on_data_update: (row) => {
      if (row.phase) outbox.add({ ...base, time: new Date().toISOString(), ...row });
    },
  });
  // jsPsych hears keys inside the stage only, and a button that was pressed and is gone leaves the focus to the page
  document.addEventListener("click", () => { if (document.activeElement === document.body) stage.focus(); });
  const watch = new Watch(() => {
    watch.end();
    kept.change({ quit: "quit" });
    jsPsych.abortExperiment("", { phase: "page", page: "quit" });
  });
  const session = { study, list, kept, watch, outbox, host, texts, done, stage };
  if (!kept.state.ended && done.size < list.trials.length) await jsPsych.run(timelineOf(session));
  watch.end();
  kept.change({ ended: kept.state.ended || "finished" });
  await finished(session);
}

window.addEventListener("load", () => {
  const stage = document.getElementById("stage");
  main(stage).catch((error) => {
    stage.replaceChildren(make("p", "told", error.message));
    console.error(error); // the whole story
  });
});
