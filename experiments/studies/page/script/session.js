/* A session: from the consent to the last page. */

const SETTLING = 250; // ms after the full screen
const NEEDED = { width: 120, height: 130, row: 50 }; // pixels around the picture, and for each row of answers

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
      delay_after: SETTLING,
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
