// The controls of a living graph: one leaf at a time, gradient steps, the curve, the code.

class Panel {
  constructor(graph) {
    this.graph = graph;
    for (const leaf of graph.leaves) {
      leaf.step = stepOf(graph.valueOf(leaf));
      leaf.most = reachOf(leaf, graph.valueOf(leaf));
    }
    this.hand = new Hand(graph, (leaf) => this.choose(leaf), (leaf, begun) => this.type(leaf, begun));
    this.boxes = new Map(); // of leaves that the picture shows
    this.element = html("div", { class: "controls" });
    this.element.append(this.one(), this.descent(), this.listing());
    // Keys that are pressed in here are for what is in here.
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.code.hidden) event.stopPropagation();
      if (event.key === "Escape" && !this.code.hidden) this.open(false);
    });
    this.choose(graph.leaves.find((leaf) => leaf.train) || graph.leaves[0]);
    graph.listeners.push(eachFrame((what) => this.show(what)));
    this.show();
  }

  button(name, text, label, action) {
    const button = html("button", { type: "button", class: name, title: label }, text);
    button.addEventListener("click", action);
    return button;
  }

  // --- one leaf ------------------------------------------------------------------------------------

  one() {
    this.list = html("select", { class: "which", "aria-label": "Leaf" });
    this.graph.leaves.forEach((leaf, i) => this.list.append(html("option", { value: i }, leaf.name)));
    this.list.addEventListener("change", () => this.choose(this.graph.leaves[this.list.value]));
    this.slide = html("input", { type: "range", class: "slide" });
    this.slide.addEventListener("input", () => {
      this.graph.set(this.leaf, onGrid(Number(this.slide.value), this.leaf.step / 10));
    });
    this.slide.addEventListener("keydown", (event) => this.hand.press(event, this.leaf));
    this.field = html("input", {
      type: "text", class: "field", inputmode: "decimal", autocomplete: "off", spellcheck: "false",
      "aria-label": "Its number", title: "Type a number, then Enter",
    });
    this.field.addEventListener("focus", () => this.field.select());
    this.field.addEventListener("input", () => this.field.classList.add("typing"));
    this.field.addEventListener("blur", () => this.typed());
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.field.classList.remove("typing");
      else if (event.key !== "Enter" || !this.typed()) return;
      event.preventDefault();
      event.stopPropagation();
      (this.boxes.get(this.leaf) || this.slide).focus();
      this.show();
    });
    this.moves = html("input", { type: "checkbox" });
    this.moves.addEventListener("change", () => {
      this.leaf.train = this.moves.checked;
      this.show();
    });
    const label = html("label", { class: "moves", title: "Whether a gradient step moves it" }, this.moves, "trainable");
    this.hint = html("span", { class: "hint" }, "drag a box, or");
    return html("div", { class: "one", role: "group", "aria-label": "One leaf" },
      this.hint, this.list, this.slide, this.field, label);
  }

  choose(leaf) {
    if (leaf === this.leaf) return;
    this.leaf = leaf;
    this.list.value = String(this.graph.leaves.indexOf(leaf));
    this.field.classList.remove("typing");
    this.show();
  }

  // Begin to type the number of a leaf.
  type(leaf, begun) {
    this.choose(leaf);
    this.field.focus();
    if (begun === null) return;
    this.field.value = begun;
    this.field.setSelectionRange(1, 1);
    this.field.classList.add("typing");
  }

  // Takes what was typed; whether it was a number.
  typed() {
    if (!this.field.classList.contains("typing")) return true;
    const x = numberIn(this.field.value);
    if (!Number.isFinite(x)) {
      this.field.setAttribute("aria-invalid", "true");
      return false;
    }
    this.field.classList.remove("typing");
    this.graph.set(this.leaf, x);
    this.show();
    return true;
  }

  // --- gradient steps ------------------------------------------------------------------------------

  descent() {
    const { graph } = this;
    this.rate = html("input", {
      type: "text", class: "rate", inputmode: "decimal", autocomplete: "off", value: String(graph.rate),
      "aria-label": "Learning rate η",
    });
    this.rate.addEventListener("input", () => {
      const x = numberIn(this.rate.value);
      const right = Number.isFinite(x);
      if (right) graph.rate = x;
      this.rate.setAttribute("aria-invalid", String(!right));
    });
    this.once = this.button("once", "step", "One gradient step: each trainable leaf minus η times its gradient",
      () => graph.step());
    this.run = this.button("run", "train", "Gradient steps, one after another", () => {
      if (graph.training === null) graph.train();
      else graph.pause();
    });
    const back = this.button("back", "reset", "The numbers of the beginning", () => graph.reset());
    this.told = html("span", { class: "count" });
    this.line = make(SVG, "path", { class: "line" });
    this.dot = make(SVG, "circle", { class: "dot", r: "2.6" });
    this.curve = make(SVG, "svg", { class: "curve", viewBox: "0 0 160 34", role: "img" },
      make(SVG, "path", { class: "axis", d: "M2 32H158" }), this.line, this.dot);
    this.opener = this.button("opener", "code", "Show the code", () => this.open(this.code.hidden));
    this.opener.setAttribute("aria-expanded", "false");
    return html("div", { class: "descent", role: "group", "aria-label": "Gradient descent" },
      html("label", { class: "eta" }, "η ", this.rate), this.once, this.run, back, this.told, this.curve, this.opener);
  }

  draw() {
    const { history } = this.graph;
    const finite = history.filter(([, y]) => Number.isFinite(y));
    const heights = finite.map(([, y]) => y);
    const [low, high] = [Math.min(...heights), Math.max(...heights)];
    const last = Math.max(1, history.at(-1)[0]);
    const at = ([k, y]) => [2 + 153 * k / last, 30 - 26 * (high > low ? (y - low) / (high - low) : 0.5)];
    this.line.setAttribute("d", finite.map((point, i) => `${i ? "L" : "M"}${at(point).map((x) => x.toFixed(1)).join(" ")}`).join(""));
    const end = at(finite.at(-1) || [0, 0]);
    this.dot.setAttribute("cx", end[0]);
    this.dot.setAttribute("cy", end[1]);
    const shown = (y) => significant(y, this.graph.marks.digits);
    const words = history.length === 1 ? `no step yet, ${shown(history[0][1])}`
      : `from ${shown(history[0][1])} at step 0 to ${shown(history.at(-1)[1])} at step ${history.at(-1)[0]}; the least is ${shown(low)}`;
    this.curve.setAttribute("aria-label", `${this.graph.data.output} against the step: ${words}`);
  }

  // --- the code ------------------------------------------------------------------------------------

  listing() {
    const part = (title, text) => html("div", {}, html("div", { class: "title" }, title),
      html("pre", { tabindex: "0", "aria-label": title }, text));
    this.code = html("div", { class: "listing", hidden: "" });
    this.fillListing = () => this.code.append(
      part("JavaScript, as it runs here", PROGRAM.toString().replace(/^\(\) => /, "")),
      part("the same in Python", this.graph.data.python));
    return this.code;
  }

  open(wanted) {
    if (!this.code.children.length) this.fillListing();
    this.code.hidden = !wanted;
    this.opener.setAttribute("aria-expanded", String(wanted));
    if (!wanted) this.opener.focus();
  }

  // --- showing -------------------------------------------------------------------------------------

  show(what) {
    const { graph, leaf } = this;
    const x = graph.valueOf(leaf);
    if (what === "reset") for (const each of graph.leaves) each.most = reachOf(each, graph.valueOf(each));
    else if (Number.isFinite(x) && Math.abs(x) > leaf.most) leaf.most = reachOf(leaf, x);
    const limits = { min: -leaf.most, max: leaf.most, step: leaf.step / 10, "aria-label": leaf.name };
    for (const [name, value] of Object.entries(limits)) this.slide.setAttribute(name, String(value));
    this.slide.value = String(x);
    this.hand.say(this.slide, leaf);
    if (!this.field.classList.contains("typing")) {
      this.field.value = significant(x, Math.max(6, graph.marks.digits));
      this.field.removeAttribute("aria-invalid");
    }
    this.field.setAttribute("aria-label", `${leaf.name}, its number`);
    this.moves.checked = leaf.train;
    this.moves.disabled = !leaf.moves;
    this.moves.setAttribute("aria-label", `Whether a gradient step moves ${leaf.name}`);
    this.once.disabled = this.run.disabled = !graph.leaves.some((each) => each.train);
    const training = graph.training !== null;
    this.run.textContent = training ? "pause" : "train";
    this.run.title = training ? "Stop for a while" : "Gradient steps, one after another";
    const loss = `${graph.data.output} = ${significant(graph.loss, graph.marks.digits)}`;
    // A slider speaks for itself, and a training says nothing until it ends.
    this.told.setAttribute("aria-live", what === "step" && !training ? "polite" : "off");
    put(this.told, `step ${graph.steps}: ${loss}`);
    this.draw();
  }
}
