/* A trial: its frames at their refreshes of the screen, the answer, and what is recorded of them. */

const REFRESH = 1000 / 60; // ms, until it is measured
const FEEDBACK = 1000; // ms

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
 * Times of answers count from the onset of the seen frame. Keys answer from then on; what is clicked appears once
 * that frame is over, or with it where it lasts until the response: nothing else changes with the target. What is
 * tried before is no answer, and is counted.
 */
function play(canvas, frames, pictures, answering, limit, tick, signal) {
  const plan = planned(frames);
  const target = frames.findIndex((frame) => frame.seen);
  const told = { onsets: [], planned: plan, missed: 0, early: 0, answer: null };
  const paint = canvas.getContext("2d");
  return until(signal, (finish, ended) => {
    let [first, before, onset, open, shown] = [null, null, null, false, -1];
    const answer = (given) => finish({ ...told, answer: given && { ...given, rt: given.time - onset } });
    const listen = () => {
      open = true;
      answering.element.classList.remove("hidden");
    };
    answering.listen((given) => { // an event may be handled after the onset and have come before it
      if (open && given.time >= onset) answer(given);
      else told.early += 1;
    }, ended);
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
    onset_error: errors.length ? round(mean(errors)) : null, missed_frames: told.missed, early: told.early,
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
      await pause(FEEDBACK);
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
