/* The participant leaves the full screen or the page, or wants to stop. */

const CANCELLED = Symbol("cancelled");

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
