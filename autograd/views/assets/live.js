// A living graph: the numbers a reader changes, and all that follows from them. PROGRAM computes.

// --- numbers as Python writes them ---------------------------------------------------------------

// A number with so many significant digits: format(x, ".3g"), where -0 is 0 and a minus is no hyphen.
function significant(x, digits) {
  if (x !== x) return "nan";
  if (x === 0) return "0";
  const minus = x < 0 ? "−" : "";
  if (!Number.isFinite(x)) return `${minus}inf`;
  let [mantissa, exponent] = rounded(Math.abs(x), digits).split("e");
  exponent = Number(exponent);
  let figures = mantissa.replace(".", "");
  if (exponent >= -4 && exponent < digits) {
    if (exponent < 0) figures = `0.${"0".repeat(-exponent - 1)}${figures}`;
    else if (exponent + 1 < figures.length) figures = `${figures.slice(0, exponent + 1)}.${figures.slice(exponent + 1)}`;
    return minus + (figures.includes(".") ? figures.replace(/\.?0+$/, "") : figures);
  }
  mantissa = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${minus}${mantissa}e${exponent < 0 ? "−" : "+"}${power}`;
}

// toExponential rounds halves up, and Python to even. A half ends after one more digit.
function rounded(x, digits) {
  const text = x.toExponential(digits - 1);
  const [longer, power] = x.toExponential(digits).split("e");
  if (!longer.endsWith("5")) return text;
  if (!/^0*$/.test(x.toExponential(100).split("e")[0].slice(longer.length))) return text;
  const even = "02468".includes(longer.replace(".", "").at(-2));
  return even ? `${longer.slice(0, -1).replace(/\.$/, "")}e${power}` : text;
}

// The number that somebody has typed, with any minus and a comma or a point; nan where it is none.
function numberIn(text) {
  const plain = text.trim().replace(/[−–]/g, "-").replace(",", ".");
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}

// --- marks: where numbers stand in texts and formulas --------------------------------------------

class Marks {
  constructor({ start, base, length, digits, kinds, looks }) {
    Object.assign(this, { start, base, length, digits, kinds, looks });
    const letter = (place) => String.fromCodePoint(start + place);
    const one = `[${letter(0)}-${letter(base - 1)}]{${length}}`;
    this.pattern = new RegExp(one, "g");
    this.alone = new RegExp(`^${one}$`);
    this.known = new Map();
  }

  read(mark) {
    const [kind, look, a, b, c] = [...mark].map((letter) => letter.codePointAt(0) - this.start);
    return [this.kinds[kind], a + this.base * (b + this.base * c), this.looks[look]];
  }

  // A template as texts and what its marks say, in turn.
  parts(template) {
    let parts = this.known.get(template);
    if (!parts) {
      const marks = (template.match(this.pattern) || []).map((mark) => this.read(mark));
      parts = [template.split(this.pattern), marks];
      this.known.set(template, parts);
    }
    return parts;
  }

  text(template, numbers) {
    const [texts, marks] = this.parts(template);
    let text = texts[0];
    marks.forEach(([kind, place, look], k) => {
      text += this.written(numbers[kind][place], look) + texts[k + 1];
    });
    return text;
  }

  written(x, look) {
    const text = significant(x, this.digits);
    const negative = text.startsWith("−");
    if (look === "bracketed") return negative ? `(${text})` : text;
    if (look === "absolute") return text.replace(/^−/, "");
    if (look === "sign") return negative ? " − " : " + ";
    if (look === "open") return negative ? "(" : "";
    if (look === "close") return negative ? ")" : "";
    return text;
  }

  // A formula: what is one mark becomes all that the number is written with.
  tree(template, numbers) {
    if (typeof template === "string") return this.text(template, numbers);
    if (template.length === 2 && typeof template[1] === "string" && this.alone.test(template[1])) {
      const [kind, place, look] = this.read(template[1]);
      return this.typeset(numbers[kind][place], look);
    }
    return template.map((child) => this.tree(child, numbers));
  }

  typeset(x, look) {
    if (look === "sign" || look === "open" || look === "close") {
      const sign = this.written(x, look).trim();
      return sign ? ["mo", sign] : ["mrow"];
    }
    const plain = look === "plain" || look === "bracketed";
    const text = this.written(x, plain ? "plain" : look);
    const [mantissa, power] = plain ? [text] : text.replace("inf", "∞").split("e");
    const parts = [["mn", mantissa]];
    if (power) parts.push(["mo", "×"], ["msup", ["mn", "10"], ["mn", power.replace(/^\+?(−?)0?/, "$1")]]);
    const asked = ["bracketed", "wide", "minus"].includes(look);
    const brackets = asked && (text.startsWith("−") || (look === "wide" && power));
    if (brackets) return ["mrow", ["mo", "("], ...parts, ["mo", ")"]];
    return parts.length === 1 ? parts[0] : ["mrow", ...parts];
  }
}

// The root of a sum of squares that neither overflow nor vanish.
function norm(numbers) {
  const largest = numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const scale = largest > 0 && largest < Infinity ? largest : 1;
  return Math.sqrt(numbers.reduce((sum, x) => sum + (x / scale) ** 2, 0)) * scale;
}

// --- the graph -----------------------------------------------------------------------------------

const LONGEST = 600; // points of the curve, an even number: of more every other one is dropped
const BEAT = 40; // milliseconds from one step of a training to the next

class Graph {
  // leaves: what a reader may change. Each is at a place among the program's, and knows its node.
  constructor(program, data) {
    Object.assign(this, { program, data });
    this.marks = new Marks(data.marks);
    this.leaves = data.leaves;
    this.first = Float64Array.from(program.start);
    this.current = Float64Array.from(program.start);
    this.rate = 0.1;
    this.training = null;
    this.listeners = [];
    this.version = 0;
    const each = (one) => new Proxy({}, { get: (_, place) => one(Number(place)) });
    this.computed = {
      product: each((s) => this.numbers.gradient[data.givers[s]] * this.numbers.local[s]),
      norm: each((g) => norm(data.groups[g].map((i) => this.numbers.gradient[i]))),
    };
    this.run();
    this.restart();
  }

  run() {
    this.numbers = Object.assign(this.program.run(this.current), this.computed);
    this.version += 1;
  }

  get loss() {
    return this.numbers.value[this.data.root];
  }

  valueOf(leaf) {
    return this.current[leaf.place];
  }

  gradientOf(leaf) {
    return this.numbers.gradient[leaf.node];
  }

  restart() {
    this.steps = 0;
    this.history = [[0, this.loss]];
  }

  set(leaf, x) {
    if (!Number.isFinite(x) || Object.is(x, this.valueOf(leaf))) return;
    this.current[leaf.place] = x;
    this.run();
    this.history[this.history.length - 1][1] = this.loss;
    this.tell("leaf");
  }

  step() {
    for (const leaf of this.leaves) {
      if (leaf.train) this.current[leaf.place] -= this.rate * this.gradientOf(leaf);
    }
    this.run();
    this.steps += 1;
    this.history.push([this.steps, this.loss]);
    if (this.history.length > LONGEST) this.history = this.history.filter((_, k) => k % 2 === 0);
    if (!Number.isFinite(this.loss)) this.pause();
    this.tell("step");
  }

  train() {
    const beat = () => {
      this.step();
      if (this.training !== null) this.training = setTimeout(beat, BEAT);
    };
    this.training = setTimeout(beat, 0);
    this.tell("training");
  }

  pause() {
    clearTimeout(this.training);
    this.training = null;
    this.tell("training");
  }

  reset() {
    this.pause();
    this.current.set(this.first);
    this.run();
    this.restart();
    this.tell("reset");
  }

  tell(what) {
    for (const listener of this.listeners) listener(what);
  }
}

// Calls that come faster than pictures are one; `why` is that of the last.
function eachFrame(act) {
  let why = null;
  return (what) => {
    if (why === null) requestAnimationFrame(() => {
      const last = why;
      why = null;
      act(last);
    });
    why = what;
  };
}

// --- what changed ----------------------------------------------------------------------------------

const MARKED = 700; // milliseconds that a changed number stays marked

class Changes {
  constructor() {
    this.ends = new Map();
    this.timer = null;
  }

  mark(element) {
    element.classList.add("changed");
    this.ends.set(element, performance.now() + MARKED);
    this.timer ??= setTimeout(() => this.sweep(), MARKED);
  }

  sweep() {
    const now = performance.now();
    for (const [element, end] of this.ends) {
      if (end > now) continue;
      element.classList.remove("changed");
      this.ends.delete(element);
    }
    this.timer = this.ends.size ? setTimeout(() => this.sweep(), 100) : null;
  }
}

// --- a leaf under the hand -------------------------------------------------------------------------

const PIXELS = 5; // that a drag takes for a step

// A tenth; of numbers far from 1 a tenth of their power of ten.
function stepOf(x) {
  const power = x === 0 || !Number.isFinite(x) ? 0 : Math.floor(Math.log10(Math.abs(x)));
  return 10 ** ((power > 1 || power < -2 ? power : 0) - 1);
}

// How far a slider reaches on either side of 0.
function reachOf(leaf, x) {
  return onGrid(Math.max(20 * leaf.step, 2 * Math.abs(x)), leaf.step);
}

// The multiple of a step nearest to a number, without the digits that binary fractions bring.
function onGrid(x, step) {
  return Number((Math.round(x / step) * step).toPrecision(12)) + 0;
}

class Hand {
  constructor(graph, choose, type) {
    Object.assign(this, { graph, choose, type });
  }

  // The number that a key leads to, or null.
  by(event, leaf) {
    const step = leaf.step;
    const sizes = {
      ArrowRight: step, ArrowUp: step, ArrowLeft: -step, ArrowDown: -step,
      PageUp: 10 * step, PageDown: -10 * step,
    };
    const size = sizes[event.key];
    if (size === undefined || event.ctrlKey || event.metaKey || event.altKey) return null;
    const fine = event.shiftKey ? size / 10 : size;
    return onGrid(this.graph.valueOf(leaf) + fine, step / 10);
  }

  press(event, leaf) {
    const x = this.by(event, leaf);
    if (x !== null) this.graph.set(leaf, x);
    else if (event.key === "Enter" || event.key === " ") this.type(leaf, null);
    else if (/^[-−.\d]$/.test(event.key) && !event.ctrlKey && !event.metaKey) this.type(leaf, event.key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // A box of the picture as a slider.
  hold(box, leaf) {
    box.classList.add("held");
    box.setAttribute("role", "slider");
    box.setAttribute("aria-label", leaf.name);
    box.setAttribute("aria-orientation", "horizontal");
    box.setAttribute("tabindex", this.graph.leaves.length <= 60 ? "0" : "-1");
    box.querySelector("title").textContent = `${leaf.name}: drag it sideways, press arrow keys, or type`;
    let from = null;
    const quiet = (event) => event.stopImmediatePropagation();
    box.addEventListener("click", quiet, true);
    box.addEventListener("dblclick", () => this.type(leaf, null));
    box.addEventListener("keydown", (event) => this.press(event, leaf), true);
    box.addEventListener("focus", () => this.choose(leaf));
    box.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      from = [event.clientX, this.graph.valueOf(leaf)];
      box.setPointerCapture(event.pointerId);
      box.focus({ preventScroll: true });
      this.choose(leaf);
      event.preventDefault();
    });
    box.addEventListener("pointermove", (event) => {
      if (!from) return;
      const way = (event.clientX - from[0]) / PIXELS * (event.shiftKey ? 0.1 : 1);
      if (way) this.graph.set(leaf, onGrid(from[1] + way * leaf.step, leaf.step / 10));
    });
    for (const end of ["pointerup", "pointercancel"]) box.addEventListener(end, () => { from = null; });
  }

  // What a screen reader says of it.
  say(element, leaf) {
    const { graph } = this;
    const shown = (x) => significant(x, graph.marks.digits);
    const gradient = leaf.moves ? `gradient ${shown(graph.gradientOf(leaf))}` : "no gradient";
    const x = graph.valueOf(leaf);
    const most = Number.isFinite(x) ? Math.max(leaf.most, Math.abs(x)) : leaf.most;
    const attributes = {
      "aria-valuemin": -most, "aria-valuemax": most, "aria-valuenow": x,
      "aria-valuetext": `${shown(x)}; ${gradient}; ${graph.data.output} ${shown(graph.loss)}`,
    };
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  }
}
