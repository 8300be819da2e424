// The stepper in a page: reads the block's picture, table and data, and shows one step at a time.
// It asks for nothing from outside, listens only inside its block, and makes every text a text node.
const SPEEDS = [0.5, 1, 2, 4];
const LEGIBLE = 18; // pixels: the smallest text on a wall
const SMALLEST = 11; // pixels: the smallest text in a notebook, before the picture scrolls
const AROUND = 14; // pixels: the room around what is lit, so that its frame is whole
const ZOOMS = [0.1, 5]; // the smallest and the largest picture
const ICONS = {
  // A triangle plays; with a line that it runs up to it goes one step, two of them go to the end.
  first: "M4 5v14M13 5l-7 7 7 7zM21 5l-7 7 7 7z",
  previous: "M6 5v14M19 5L9 12l10 7z",
  play: "M7 5l11 7-11 7z",
  pause: "M7 5h3v14H7zM14 5h3v14h-3z",
  next: "M18 5v14M5 5l10 7-10 7z",
  last: "M20 5v14M11 5l7 7-7 7zM3 5l7 7-7 7z",
  smaller: "M6 12h12",
  larger: "M6 12h12M12 6v12",
  whole: "M4 6h16v12H4zM8 12h8M8 12l2-2M8 12l2 2M16 12l-2-2M16 12l-2 2",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
};


// A formula arrives as ["tag.class", ...]: lists are elements, strings are text.
function formula(tree, hidden) {
  const [tag, kind] = tree[0].split(".");
  if (hidden && kind === "a") return make(MATH, "mrow", { class: "a" }, make(MATH, "mtext", {}, "?"));
  const children = tree.slice(1).map((x) => (typeof x === "string" ? x : formula(x, hidden)));
  return make(MATH, tag, kind ? { [kind === "prefix" ? "form" : "class"]: kind } : {}, ...children);
}

// Only the number asked for is hidden, not the symbol on the left of the sign.
function line(tree, hidden) {
  return make(MATH, "math", { display: "block" }, formula(tree, hidden));
}

function icon(name) {
  const d = ICONS[name];
  return make(SVG, "svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" },
    make(SVG, "path", { d }));
}

class Stepper {
  constructor(host) {
    this.host = host;
    this.data = JSON.parse(host.querySelector("script[data-steps]").textContent);
    this.position = this.data.start;
    this.last = this.data.moments.length - 1;
    this.revealed = true;
    this.ask = this.data.ask;
    this.speed = 1;
    this.timer = null;
    this.zoom = null; // a number once the reader has chosen one
    this.whole = false;
    this.root = host.attachShadow({ mode: "open" });
    this.root.append(html("style", {}, this.data.css));
    this.block = html("div", { class: "stepper", role: "group", tabindex: "0" });
    this.block.setAttribute("aria-label", `${this.data.title}. Arrow keys step.`);
    this.root.append(this.block);
    this.picture();
    this.words();
    this.controls();
    this.table();
    this.listen();
    chooseTheme(this.block, this.data.theme);
    this.show();
    this.fit();
    this.block.classList.add("ready");
  }

  // --- parts ---------------------------------------------------------------------------------

  picture() {
    // The still picture of the block is the picture that is stepped through.
    this.svg = drawn(this.host);
    this.svg.setAttribute("role", "group");
    this.svg.setAttribute("aria-label", this.data.title);
    this.svg.querySelector("title").remove();
    this.size = [this.svg.viewBox.baseVal.width, this.svg.viewBox.baseVal.height];
    this.cards = [...this.svg.querySelectorAll("[data-box]")].map((group, i) => {
      const card = {
        group,
        value: [...group.querySelectorAll("text.value")],
        gradient: [...group.querySelectorAll("text.gradient")],
      };
      group.setAttribute("role", "button");
      if (this.data.cards.length <= 60) group.setAttribute("tabindex", "0");
      group.addEventListener("click", () => this.go(this.data.cards[i].complete));
      group.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        event.stopPropagation();
        this.go(this.data.cards[i].complete);
      });
      return card;
    });
    this.edges = [...this.svg.querySelectorAll("[data-edge]")];
    this.labels = new Map(
      [...this.svg.querySelectorAll("[data-label]")].map((text) => [Number(text.dataset.label), text]),
    );
    this.stage = html("div", { class: "stage" }, this.svg);
  }

  words() {
    this.heading = html("div", { class: "heading" });
    this.name = html("div", { class: "name" }, this.data.heading);
    this.legend = html("div", { class: "legend" });
    this.legend.append(this.data.legend);
    this.legend.title = this.data.legend;
    this.formula = html("div", { class: "formula" });
    this.note = html("div", { class: "note" });
    this.where = html("span", { class: "where" });
    this.code = html("code", {});
    this.live = html("div", { class: "spoken", "aria-live": "polite", role: "status" });
    const source = html("div", { class: "source" }, this.where, this.code);
    const side = html("div", { class: "side" }, this.note, source);
    this.strip = html("div", { class: "strip" }, this.formula, side);
    const top = html("header", {}, this.name, this.heading, this.legend);
    this.block.append(top, this.stage, this.strip, this.live);
  }

  button(name, label, action, shown) {
    const button = html("button", { type: "button", "aria-label": label, title: label, class: name });
    button.append(shown ? shown : icon(name));
    button.addEventListener("click", action);
    return button;
  }

  controls() {
    this.slider = html("input", {
      type: "range", min: "0", max: String(this.last), step: "1", "aria-label": "Step",
    });
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.playing = this.button("play", "Play", () => this.toggle());
    this.faster = this.button("speed", "Speed", () => this.quicken(), `${this.speed}×`);
    this.asking = this.button("ask", "Ask: hide each new number until the next key", () => {
      this.ask = !this.ask;
      this.revealed = true;
      this.show();
    }, "ask");
    this.backward = this.button("turn", "Go to the backward pass", () => this.go(this.turn()), "∂");
    this.tableButton = this.button("list", "Table of all steps", () => this.openTable(), "table");
    this.fitting = this.button("whole", "Fit the whole picture", () => this.fitWhole());
    this.bar = html("div", { class: "bar", role: "toolbar", "aria-label": "Steps" },
      this.button("first", "First step", () => this.go(0)),
      this.button("previous", "Previous step", () => this.previous()),
      this.playing,
      this.button("next", "Next step", () => this.next()),
      this.button("last", "Last step", () => this.go(this.last)),
      this.slider, this.backward, this.faster, this.asking, this.tableButton,
      this.button("smaller", "Smaller", () => this.enlarge(1 / 1.25)),
      this.fitting,
      this.button("larger", "Larger", () => this.enlarge(1.25)),
      this.button("full", "Full screen", () => this.fullScreen()));
    this.block.append(this.bar);
  }

  turn() {
    return Math.max(0, this.data.moments.findIndex((moment) => moment.phase === "seed"));
  }

  table() {
    this.list = html("div", { class: "panel", hidden: "", tabindex: "0", "aria-label": "Table of all steps" });
    const table = this.host.querySelector("table").cloneNode(true);
    table.removeAttribute("style");
    this.rows = [...table.querySelectorAll("tbody tr")];
    this.said = this.rows.map((row) => [row.cells[2].textContent, row.cells[4].textContent]);
    this.rows.forEach((row, k) => {
      const cell = row.cells[0];
      const jump = html("button", { type: "button", "aria-label": `Go to step ${k}` }, cell.textContent);
      cell.replaceChildren(jump);
      row.addEventListener("click", () => this.go(k));
    });
    this.list.append(table);
    this.block.append(this.list);
  }

  openTable() {
    this.list.hidden = !this.list.hidden;
    this.list.style.bottom = `${this.bar.offsetHeight + 6}px`;
    this.tableButton.setAttribute("aria-expanded", String(!this.list.hidden));
    this.rows[this.position].scrollIntoView({ block: "nearest" });
  }

  // --- moving --------------------------------------------------------------------------------

  go(position) {
    this.position = Math.min(Math.max(position, 0), this.last);
    this.revealed = true;
    this.show();
  }

  next() {
    if (!this.revealed) {
      this.revealed = true;
    } else if (this.position < this.last) {
      this.position += 1;
      this.revealed = !this.ask;
    } else {
      this.stop();
      return;
    }
    this.show();
  }

  previous() {
    if (this.revealed || this.position === 0) this.position = Math.max(this.position - 1, 0);
    else this.position -= 1;
    this.revealed = true;
    this.show();
  }

  toggle() {
    if (this.timer !== null) return this.stop();
    if (this.position === this.last && this.revealed) this.go(0);
    this.playing.replaceChildren(icon("pause"));
    this.playing.setAttribute("aria-label", "Pause");
    this.playing.title = "Pause";
    this.tick();
    return undefined;
  }

  tick() {
    this.timer = setTimeout(() => {
      if (!this.host.isConnected) return;
      this.next();
      if (this.timer === null) return;
      if (this.position === this.last && this.revealed) this.stop();
      else this.tick();
    }, 1200 / this.speed);
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    this.playing.replaceChildren(icon("play"));
    this.playing.setAttribute("aria-label", "Play");
    this.playing.title = "Play";
  }

  quicken() {
    this.speed = SPEEDS[(SPEEDS.indexOf(this.speed) + 1) % SPEEDS.length];
    this.faster.textContent = `${this.speed}×`;
    this.faster.setAttribute("aria-label", `Speed ${this.speed} times`);
    if (this.timer !== null) {
      clearTimeout(this.timer);
      this.tick();
    }
  }

  // --- showing -------------------------------------------------------------------------------

  show() {
    const { moments, cards } = this.data;
    const moment = moments[this.position];
    const hidden = !this.revealed;
    const known = { value: new Map(), gradient: new Map(), local: new Map() };
    for (let k = 0; k <= this.position - (hidden ? 1 : 0); k += 1) {
      for (const [kind, i, lines, final] of moments[k].sets) known[kind].set(i, [lines, final]);
    }
    const fresh = { value: new Set(), gradient: new Set(), local: new Set() };
    if (moment.phase !== "start") for (const [kind, i] of moment.sets) fresh[kind].add(i);
    this.cards.forEach((card, i) => {
      for (const kind of ["value", "gradient"]) {
        const [lines, final] = known[kind].get(i) || [cards[i][kind], null];
        card[kind].forEach((text, k) => {
          put(text, lines[k] || "");
          text.classList.toggle("unknown", final === null);
          text.classList.toggle("partial", final === false);
          text.classList.toggle("fresh", fresh[kind].has(i));
        });
      }
      const classes = card.group.classList;
      classes.toggle("from", moment.source === i);
      classes.toggle("to", moment.target === i);
      classes.toggle("done", (known.gradient.get(i) || [])[1] === true);
      const words = ["value", "gradient"].map((kind) => card[kind].map((t) => t.textContent).join(" "));
      card.group.setAttribute("aria-label",
        `${cards[i].name}: ${words.join("; ").replaceAll("?", "not computed")}`);
      if (moment.target === i || (moment.target === null && moment.source === i)) {
        card.group.setAttribute("aria-current", "step");
      } else {
        card.group.removeAttribute("aria-current");
      }
    });
    this.edges.forEach((edge, e) => {
      const feeds = moment.phase === "forward" && this.data.arrows[e][1] === moment.target;
      edge.classList.toggle("now", moment.edge === e);
      edge.classList.toggle("feeds", feeds);
      const label = this.labels.get(e);
      if (!label) return;
      put(label, known.local.has(e) ? known.local.get(e)[0][0] : "");
      label.classList.toggle("now", moment.edge === e);
    });
    this.describe(moment, hidden);
    this.slider.value = String(this.position);
    this.slider.setAttribute("aria-valuetext", this.heading.textContent);
    this.asking.setAttribute("aria-pressed", String(this.ask));
    this.rows.forEach((row, k) => {
      row.classList.toggle("future", this.ask && (k > this.position || (k === this.position && hidden)));
      if (k === this.position) row.setAttribute("aria-current", "step");
      else row.removeAttribute("aria-current");
    });
    this.block.dataset.position = String(this.position);
    this.block.dataset.phase = moment.phase;
    this.block.dataset.revealed = String(this.revealed);
    this.follow();
  }

  describe(moment, hidden) {
    const turn = this.turn();
    const count = {
      start: () => "Start",
      forward: () => `Forward ${this.position} of ${turn - 1}`,
      seed: () => "Backward: the seed",
      backward: () => `Backward ${this.position - turn} of ${this.last - turn}`,
    };
    this.heading.textContent = count[moment.phase]();
    const lines = [];
    if (this.data.formula !== "numbers" || !moment.numbers) lines.push([moment.symbols, false]);
    if (this.data.formula !== "symbols") lines.push([moment.numbers, hidden]);
    if (!lines.some(([tree]) => tree)) lines.push([moment.symbols || moment.numbers, hidden]);
    this.formula.replaceChildren(...lines.filter(([tree]) => tree).map(([tree, h]) => line(tree, h)));
    this.squeeze();
    const [said, number] = this.said[this.position];
    const result = hidden ? "what is it?" : number;
    const formulas = moment.symbols || moment.numbers;
    const joint = !formulas ? ": " : moment.phase === "backward" ? "; the sum is now " : " = ";
    const spoken = result ? said + joint + result : said;
    if (!this.formula.children.length) this.formula.append(html("div", { class: "told" }, spoken));
    this.formula.setAttribute("role", "math");
    this.formula.setAttribute("aria-label", spoken);
    this.note.textContent = hidden ? "What is the number? The next key shows it." : moment.note;
    [this.where.textContent, this.code.textContent] = this.data.places[moment.where] || ["", ""];
    this.live.textContent = `${this.heading.textContent}. ${spoken}. ${hidden ? "" : moment.note}`;
  }

  squeeze() {
    // A long formula is set smaller, as far as it can still be read; beyond that it scrolls.
    this.formula.style.fontSize = "";
    const wide = this.formula.scrollWidth / this.formula.clientWidth;
    if (!(wide > 1)) return;
    const size = parseFloat(getComputedStyle(this.formula).fontSize);
    const least = this.filling() ? LEGIBLE : SMALLEST + 2;
    this.formula.style.fontSize = `${Math.max(size / wide - 0.2, Math.min(size, least))}px`;
  }

  lit() {
    // What is to be seen: the inputs before anything is computed, then what gives and what receives.
    const moment = this.data.moments[this.position];
    const lit = [moment.source, moment.target].filter((i) => i !== null && i !== undefined);
    return lit.length ? lit : this.data.inputs;
  }

  follow() {
    // The stage scrolls, never the page. What does not fit all at once gives way to its last card.
    const lit = this.lit();
    for (const cards of [lit, lit.slice(-1)]) {
      if (cards.length && this.bring(cards)) return;
    }
  }

  bring(cards) {
    const stage = this.stage.getBoundingClientRect();
    const boxes = cards.map((i) => this.cards[i].group.getBoundingClientRect());
    const edge = (side, most) => Math[most ? "max" : "min"](...boxes.map((box) => box[side]));
    const ways = [
      [edge("left") - AROUND, edge("right", true) + AROUND, stage.left, this.stage.clientWidth, "scrollLeft"],
      [edge("top") - AROUND, edge("bottom", true) + AROUND, stage.top, this.stage.clientHeight, "scrollTop"],
    ];
    for (const [start, end, from, room, scroll] of ways) {
      if (start < from || end > from + room) this.stage[scroll] += (start + end) / 2 - from - room / 2;
    }
    return ways.every(([start, end, , room]) => end - start <= room);
  }

  // --- the room there is -----------------------------------------------------------------------

  filling() {
    return document.fullscreenElement === this.host || this.block.classList.contains("maximised") ||
      document.body.hasAttribute("data-stepper-page");
  }

  fit() {
    const fill = this.filling();
    this.block.classList.toggle("fill", fill);
    const [width, height] = this.size;
    const font = this.data.font;
    // A notebook's picture is as wide as its cell; on a wall it also fits the height.
    const room = [this.stage.clientWidth - 6, this.stage.clientHeight - 6]; // without the padding
    let scale = room[0] / width;
    const high = fill ? room[1] : parseFloat(getComputedStyle(this.stage).maxHeight) - 6;
    if (this.whole) scale = Math.min(scale, high / height, fill ? 2.2 : 1);
    else if (fill) scale = Math.max(Math.min(scale, high / height, 2.2), LEGIBLE / font);
    else scale = Math.max(Math.min(scale, 1), SMALLEST / font);
    if (this.zoom !== null) scale = this.zoom;
    this.scale = scale;
    this.fitting.setAttribute("aria-pressed", String(this.whole));
    this.svg.setAttribute("width", String(width * scale));
    this.svg.setAttribute("height", String(height * scale));
    this.squeeze();
    this.follow();
  }

  enlarge(factor) {
    this.zoom = Math.min(Math.max(this.scale * factor, ZOOMS[0]), ZOOMS[1]);
    this.whole = false;
    this.fit();
  }

  fitWhole() {
    // A second time goes back to text that can be read, where that is larger.
    this.whole = !this.whole;
    this.zoom = null;
    this.fit();
  }

  fullScreen() {
    if (document.fullscreenElement === this.host) {
      document.exitFullscreen();
      return;
    }
    const maximise = () => {
      this.block.classList.toggle("maximised");
      this.fit();
    };
    // A frame may not allow it: then the block fills the frame.
    if (!document.fullscreenEnabled) maximise();
    else this.host.requestFullscreen().catch(maximise);
  }

  listen() {
    const moves = {
      ArrowRight: () => this.next(),
      ArrowLeft: () => this.previous(),
      PageDown: () => this.next(),
      PageUp: () => this.previous(),
      ArrowUp: () => this.go(0),
      ArrowDown: () => this.go(this.last),
      Home: () => this.go(0),
      End: () => this.go(this.last),
      " ": () => this.toggle(),
      "+": () => this.enlarge(1.25),
      "=": () => this.enlarge(1.25),
      "-": () => this.enlarge(1 / 1.25),
      0: () => this.fitWhole(),
    };
    // A page of its own answers to keys before anybody has clicked into it.
    const alone = document.body.hasAttribute("data-stepper-page");
    (alone ? document : this.block).addEventListener("keydown", (event) => {
      // With Shift some keyboards write +.
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.shiftKey && event.key !== "+") return;
      if (event.key === "Escape" && !this.list.hidden) this.openTable();
      else if (event.key === "Escape" && this.block.classList.contains("maximised")) this.fullScreen();
      else if (event.key in moves) {
        const target = event.composedPath()[0];
        if (event.key === " " && target.closest("button")) return;
        moves[event.key]();
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
    document.addEventListener("fullscreenchange", () => {
      this.fit();
      if (document.fullscreenElement === this.host) this.block.focus();
    });
    new ResizeObserver(() => this.fit()).observe(this.stage);
    this.host.addEventListener("focus", (event) => {
      if (event.composedPath()[0] === this.host) this.block.focus(); // and not what is inside
    });
  }
}
