/* Texts of the page that are not the study's own, and the elements and files that hold texts. */

// Another language: words.json, {"de": {name: text}}.
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

const query = new URLSearchParams(location.search);
let words = WORDS;
let markdown;

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
