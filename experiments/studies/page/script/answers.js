/* How an answer is given: keys, buttons, a grid, a slider, a place in the picture. */

const pressed = (event) => (event.key.length === 1 ? event.key.toLowerCase() : event.key);

/** How an answer is given: an element, and what listens for answers; `answer` takes {response, key, time}. */
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
