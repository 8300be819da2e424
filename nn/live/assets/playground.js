// A network that learns in the page. It asks for nothing from outside, listens only inside its block,
// and makes every text a text node. Before it stand `blocks`, which all live blocks share, and `drawing`.

// Points along a side of the map while the network learns, and when it rests; and of a unit's own map.
const TRAINING = 60, PAUSED = 120, SMALL = 32;
// Milliseconds of a frame in which steps are made.
const BUDGET = 8;
// Units of a layer that are drawn.
const MOST = 32;
// Points of the loss curve that follow each other step by step, before it thins out.
const DENSE = 60;
// Points to train on.
const POINTS = 2000;
const ICONS = {
  play: "M7 5l11 7-11 7z",
  pause: "M7 5h3v14H7zM14 5h3v14h-3z",
  step: "M18 5v14M5 5l10 7-10 7z",
  epoch: "M20 5v14M12 5l7 7-7 7zM3 5l7 7-7 7z",
  reset: "M5 12a7 7 0 1 0 2.5-5.4M4 4v5h5",
};
const SPEEDS = { slow: "slow", epoch: "steady", fast: "fast" };

function icon(name) {
  return make(SVG, "svg", { viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true" },
    make(SVG, "path", { d: ICONS[name] }));
}

function doubles(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new Float64Array(bytes.buffer);
}

// Random numbers from a seed (Marsaglia's xorshift): the same in every browser, and not NumPy's.
function generator(seed) {
  let state = Math.imul(seed + 1, 2654435761) | 1;
  const uniform = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
  for (let k = 0; k < 8; k += 1) uniform();
  // Box and Muller's way from two uniform numbers to a normal one.
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}

function shuffled(n, random) {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i -= 1) {
    const j = Math.floor(random.uniform() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

// The least and the greatest number of a column.
function spanOf(data, columns, c) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = c; i < data.length; i += columns) {
    low = Math.min(low, data[i]);
    high = Math.max(high, data[i]);
  }
  return [low, high];
}

class Playground {
  constructor(host, engine) {
    this.host = host;
    this.data = JSON.parse(host.querySelector("script[data-playground-data]").textContent);
    this.engine = engine;
    this.flat = this.data.inputs.length === 2;
    this.read();
    this.classes = this.data.classes;
    this.settings = { ...this.data.settings };
    this.given = this.points(this.data.train);
    this.held = this.data.held && this.points(this.data.held);
    this.added = [];
    this.running = false;
    this.visible = true;
    this.looked = null; // the unit whose map is shown large
    this.cross = null;
    this.grids = new Map();
    this.root = host.attachShadow({ mode: "open" });
    this.root.append(html("style", {}, this.data.css));
    this.block = html("div", { class: "playground", role: "group", "aria-label": this.data.title });
    this.root.append(this.block);
    this.head();
    this.bar();
    this.network();
    this.map();
    this.foot();
    this.theme();
    this.scatter();
    this.start();
    this.listen();
    this.arrange();
  }

  // The columns of the network, and the parameters between two of them: a column begins with a matrix
  // of weights and ends before the next, so that its units are shown after their activation.
  read() {
    const { parameters } = this.engine;
    const d = this.data.inputs.length;
    const taken = new Set();
    this.columns = [{ title: "input", kinds: [], units: d, names: this.data.inputs, layer: "input", link: null, bias: null }];
    const begin = (units, layer, title, fits) => {
      const link = parameters.findIndex((p, i) => p.shape.length === 2 && !taken.has(i) && fits(p));
      if (link < 0) return false;
      taken.add(link);
      const { name, shape: [outs, ins] } = parameters[link];
      const beside = name.slice(0, name.lastIndexOf(".") + 1);
      const bias = parameters.findIndex((p) => p.shape.length === 1 && p.shape[0] === outs && p.name.startsWith(beside));
      const known = outs === units && ins === this.columns[this.columns.length - 1].units;
      this.columns.push({ title: `layer ${this.columns.length}`, kinds: [title], units, layer, link: known ? link : null, bias: known && bias >= 0 ? bias : null });
      return true;
    };
    this.engine.hidden(new Float64Array(d), 1).forEach(({ name, label, units }, layer) => {
      if (begin(units, layer, label, (p) => p.name.startsWith(`${name}.`))) return;
      const last = this.columns[this.columns.length - 1];
      if (last.layer === "input") return;
      last.kinds.push(label);
      Object.assign(last, { layer }, units === last.units ? {} : { units, link: null });
    });
    const { outputs } = this.data;
    begin(outputs, "output", "", (p) => p.shape[0] === outputs);
    const last = this.columns[this.columns.length - 1];
    Object.assign(last, { layer: "output", title: "output" });
  }

  points({ n, x, y }) {
    const clean = { x: doubles(x), y: doubles(y) };
    return { n, clean, ...clean };
  }

  // --- parts -----------------------------------------------------------------------------------

  head() {
    this.numbers = html("div", { class: "numbers" });
    this.spoken = html("div", { class: "spoken", role: "status", "aria-live": "polite" });
    this.block.append(html("header", {}, html("div", { class: "title" }, this.data.title), this.numbers), this.spoken);
  }

  button(name, label, title, action) {
    const button = html("button", { type: "button", class: name, title }, icon(name), html("span", {}, label));
    button.addEventListener("click", action);
    return button;
  }

  field(name, label, title, choices, action) {
    const select = html("select", { name, title });
    for (const [value, text] of choices) select.append(html("option", { value }, text));
    select.value = String(this.settings[name]);
    select.addEventListener("change", () => {
      const value = select.value;
      this.settings[name] = value !== "" && !Number.isNaN(Number(value)) ? Number(value) : value;
      if (action) action();
    });
    return html("label", { class: "field", title }, html("span", {}, label), select);
  }

  bar() {
    const { choices } = this.data;
    const plain = (list) => list.map((x) => [String(x), written(x)]);
    this.playing = this.button("play", "Train", "Train, or pause", () => this.toggle());
    const buttons = html("div", { class: "buttons" },
      this.playing,
      this.button("step", "Step", "One step: one batch", () => this.once(() => this.step())),
      this.button("epoch", "Epoch", "To the end of this epoch: all points once", () => this.once(() => this.epoch())),
      this.button("reset", "Reset", "Back to the weights at the start", () => { this.stop(); this.start(); this.tell("Reset."); }));
    const named = "start" in this.settings;
    const seeded = choices.start.length > 0 && !named;
    const fields = html("div", { class: "fields" },
      ...(named ? [this.field("start", "start", "The weights at the start", choices.start.map((name) => [name, name]), () => { this.stop(); this.start(); })] : []),
      this.field("lr", "rate η", "Learning rate", plain(choices.lr)),
      this.field("optimizer", "optimiser", "The rule of a step", choices.optimizer, () => this.rule()),
      this.field("batch", "batch", "Points in a step", choices.batch.map((b) => [String(b), b || "all"]), () => this.deal()),
      this.field("l2", "λ", "λ of the penalty λ‖W‖² on the weights, which the loss that is shown leaves out", plain(choices.l2)),
      this.field("noise", "noise σ", "Standard deviation of what is added to the points", plain(choices.noise), () => { this.scatter(); this.refresh(); }),
      this.field("seed", "seed", seeded ? "Seed of the weights, as Python draws them; of noise and of batches, as this page does" : "Seed of noise and of batches", plain(choices.seed), () => { this.stop(); this.scatter(); this.start(); }),
      this.field("speed", "speed", "Slow: 4 steps a second; steady: an epoch in a frame; fast: as many steps as a frame has time for", Object.entries(SPEEDS)));
    this.block.append(html("div", { class: "bar", role: "group", "aria-label": "Training" }, buttons, fields));
  }

  network() {
    const { columns } = this;
    this.net = html("div", { class: "net", role: "group", "aria-label": "Network. Arrow keys go from unit to unit." });
    this.lines = make(SVG, "svg", { class: "lines", "aria-hidden": "true" });
    this.net.append(this.lines);
    this.units = columns.map(({ title, kinds, units, names }, c) => {
      const head = html("div", { class: "head", title: kinds.join(", ") }, title, html("br"), kinds[kinds.length - 1] || "");
      const column = html("div", { class: "column" }, head);
      const body = html("div", { class: "units" });
      const drawn = Math.min(units, MOST);
      const made = Array.from({ length: drawn }, (_, u) => {
        const side = this.flat ? SMALL : 2 * SMALL;
        const canvas = html("canvas", { width: side, height: side });
        const button = html("button", { type: "button", class: "unit", tabindex: "-1" }, canvas);
        if (names) button.append(html("span", {}, names[u]));
        const look = () => this.look(c, u);
        button.addEventListener("pointerenter", look);
        button.addEventListener("focus", look);
        button.addEventListener("click", look);
        button.addEventListener("pointerleave", () => this.look());
        button.addEventListener("blur", () => this.look());
        button.addEventListener("keydown", (event) => this.walk(event, c, u));
        body.append(button);
        return { button, canvas };
      });
      if (drawn < units) body.append(html("div", { class: "more" }, `and ${units - drawn} more`));
      column.append(body);
      this.net.append(column);
      return made;
    });
    this.edges = [];
    columns.forEach(({ link }, to) => {
      if (link === null) return;
      const c = to - 1;
      const parameter = this.engine.parameters[link];
      const [outs, ins] = parameter.shape;
      for (let o = 0; o < Math.min(outs, MOST); o += 1) {
        for (let i = 0; i < Math.min(ins, MOST); i += 1) {
          const path = make(SVG, "path", { class: "weight" });
          this.lines.append(path);
          this.edges.push({ path, parameter, at: o * ins + i, c, i, o });
        }
      }
    });
    this.units[0][0].button.tabIndex = 0;
    this.net.addEventListener("pointermove", (event) => this.near(event));
    this.net.addEventListener("pointerleave", () => this.near(null));
    this.noted = html("div", { class: "noted" });
  }

  map() {
    this.canvas = html("canvas", { role: "img" });
    this.plane = html("div", { class: "plane", tabindex: "0", role: "group" }, this.canvas);
    this.told = html("div", { class: "told" });
    this.caption = html("div", { class: "caption" });
  }

  foot() {
    this.curve = html("canvas", { role: "img", class: "curve" });
    const keys = html("div", { class: "keys" });
    const sample = (draw) => {
      const canvas = html("canvas", { class: "sample", "aria-hidden": "true" });
      this.samples.push([canvas, draw]);
      return canvas;
    };
    this.samples = [];
    const key = (text, draw) => html("span", { class: "key" }, sample(draw), text);
    const chosen = html("div", { class: "adding", role: "radiogroup" });
    if (this.classes) {
      chosen.setAttribute("aria-label", "Class of a point that is added");
      chosen.append(html("span", {}, "Add points of "));
      this.classes.forEach((_, c) => {
        const input = html("input", { type: "radio", name: "class", value: String(c) });
        input.checked = c === 0;
        input.addEventListener("change", () => { this.adding = c; });
        chosen.append(html("label", {}, input, sample((ink, w, h) => this.dot(ink, c, w / 2, h / 2)), this.data.labels[c]));
      });
    } else if (this.flat) {
      chosen.setAttribute("role", "group");
      this.amount = html("input", { type: "number", step: "any", value: written(this.data.range[1], 2) });
      chosen.append(html("label", {}, "Add points of value ", this.amount));
    }
    this.adding = 0;
    const remove = html("button", { type: "button", class: "remove" }, "Remove added");
    remove.addEventListener("click", () => { this.added = []; this.gather(); this.refresh(); this.tell("The added points are removed."); });
    this.remove = remove;
    chosen.append(remove);
    const log = html("input", { type: "checkbox", name: "log" });
    log.addEventListener("change", () => { this.settings.log = log.checked; this.refresh(); });
    keys.append(html("label", { class: "key" }, log, "loss as powers of 10"));
    keys.append(key("training", (ink, w, h) => this.stroke(ink, w, h, [])));
    if (this.held) {
      keys.append(key("held out", (ink, w, h) => this.stroke(ink, w, h, [5, 4])));
      const shape = this.flat && !this.classes ? "diamonds" : "hollow";
      keys.append(key(`held-out points are ${shape}`, (ink, w, h) => this.dot(ink, 0, w / 2, h / 2, true)));
    }
    if (this.flat && !this.classes) {
      const [low, high] = this.data.range;
      keys.append(html("span", { class: "key" }, `from ${written(low)} `, sample((ink, w, h) => {
        for (let k = 0; k < w; k += 1) {
          ink.fillStyle = this.shadeOf(low + ((high - low) * k) / (w - 1));
          ink.fillRect(k, 0, 1, h);
        }
      }), ` to ${written(high)}`));
    }
    if (this.classes && this.flat) keys.append(key("outlined: in the wrong region", (ink, w, h) => this.dot(ink, 0, w / 2, h / 2, false, true)));
    if (this.edges.length) {
      keys.append(key("weight above 0", (ink, w, h) => this.stroke(ink, w, h, [], "positive")));
      keys.append(key("below 0", (ink, w, h) => this.stroke(ink, w, h, [5, 4], "negative")));
    }
    if (this.columns.length > 2) {
      keys.append(html("span", { class: "key" }, html("span", { class: "unit constant" }), "unit with one value for all points"));
    }
    this.block.append(html("div", { class: "main" },
      html("div", { class: "left" }, this.net, this.noted, this.curve),
      html("div", { class: "right" }, this.caption, this.plane, this.told, chosen, keys)));
  }

  stroke(ink, w, h, dash, colour = null) {
    ink.strokeStyle = colour ? this.ink[colour] : this.ink[dash.length ? "cotangent" : "local"];
    ink.lineWidth = 2.5;
    ink.setLineDash(dash);
    ink.beginPath();
    ink.moveTo(0, h / 2);
    ink.lineTo(w, h / 2);
    ink.stroke();
  }

  // --- what is trained on ------------------------------------------------------------------------

  scatter() {
    // Noise comes from the seed alone, so that a larger σ moves each point further along its way.
    const random = generator(1000 + this.settings.seed);
    const sigma = this.settings.noise;
    const moved = this.flat || this.classes ? "x" : "y";
    for (const part of [this.given, this.held]) {
      if (part) part[moved] = part.clean[moved].map((v) => v + sigma * random.normal());
    }
    this.gather();
  }

  gather() {
    const d = this.data.inputs.length;
    const w = this.data.width;
    const n = this.given.n + this.added.length;
    const x = new Float64Array(n * d);
    const y = new Float64Array(n * w);
    x.set(this.given.x);
    y.set(this.given.y);
    this.added.forEach(([at, target], k) => {
      x.set(at, (this.given.n + k) * d);
      y.set(target, (this.given.n + k) * w);
    });
    this.train = { n, x, y };
    this.remove.disabled = !this.added.length;
    this.deal();
  }

  add(at) {
    if (this.train.n >= POINTS) return this.tell(`There are ${POINTS} points, and no room for more.`);
    let point = at;
    let target;
    if (this.classes) target = this.classes[this.adding];
    else if (this.flat) target = [this.amount.valueAsNumber];
    else [point, target] = [[at[0]], [at[1]]];
    if (!this.flat) point = [at[0]];
    if (!Number.isFinite(target[0])) return this.tell("The value of a point is a number.");
    this.added.push([point, target]);
    this.gather();
    this.refresh();
    const of = this.classes ? ` of ${this.data.labels[this.adding]}` : "";
    return this.tell(`A point${of} at ${at.map((v) => written(v)).join(", ")}: ${this.train.n} points.`);
  }

  deal() {
    // A new epoch: the batches that are left of it. All points at once have one order, as in nn.fit.
    const { n } = this.train;
    const size = Math.max(this.data.least, Math.min(this.settings.batch || n, n));
    const order = size < n ? shuffled(n, this.random || generator(this.settings.seed)) : null;
    this.batches = [];
    for (let k = 0; k < n; k += size) {
      // Too few for a batch of their own go with the one before.
      const end = n - k - size < this.data.least ? n : k + size;
      this.batches.push(order ? order.slice(k, end) : null);
      if (end === n) break;
    }
  }

  batch() {
    const rows = this.batches.shift();
    if (!rows) return this.train;
    const d = this.data.inputs.length;
    const w = this.data.width;
    const x = new Float64Array(rows.length * d);
    const y = new Float64Array(rows.length * w);
    rows.forEach((row, k) => {
      for (let i = 0; i < d; i += 1) x[k * d + i] = this.train.x[row * d + i];
      for (let i = 0; i < w; i += 1) y[k * w + i] = this.train.y[row * w + i];
    });
    return { n: rows.length, x, y };
  }

  // --- training ----------------------------------------------------------------------------------

  start() {
    const { start, seed } = this.settings;
    const packed = this.data.starts[start ?? seed];
    if (packed) {
      const numbers = doubles(packed);
      let k = 0;
      for (const name of this.data.names) {
        const { initial } = [...this.engine.parameters, ...this.engine.buffers].find((each) => each.name === name);
        initial.set(numbers.subarray(k, k + initial.length));
        k += initial.length;
      }
    }
    this.engine.optimizer = this.settings.optimizer;
    this.engine.seed = seed;
    this.engine.reset();
    this.random = generator(seed);
    this.steps = 0;
    this.epochs = 0;
    this.failed = null;
    this.history = [];
    this.due = 0;
    this.deal();
    this.measure();
    this.refresh();
  }

  rule() {
    this.engine.optimizer = this.settings.optimizer;
  }

  step() {
    const { x, y, n } = this.batch();
    const loss = this.engine.step(x, y, n, { lr: this.settings.lr, l2: this.settings.l2 });
    this.steps += 1;
    if (!this.batches.length) {
      this.epochs += 1;
      this.deal();
    }
    if (!Number.isFinite(loss)) this.diverged(loss);
    else if (this.steps >= this.due) this.measure();
    return !this.failed;
  }

  epoch() {
    const { epochs } = this;
    while (this.epochs === epochs && this.step());
  }

  diverged(loss) {
    this.failed = `The loss is ${written(loss)} at step ${this.steps}: reset, and try a smaller rate.`;
    this.stop();
  }

  once(action) {
    this.stop();
    if (!this.failed) {
      action();
      this.measure();
      this.refresh();
    }
    this.tell();
  }

  measure() {
    const { engine, train, held } = this;
    const row = [this.steps, engine.loss(train.x, train.y, train.n), held ? engine.loss(held.x, held.y, held.n) : null];
    this.latest = row;
    if (!Number.isFinite(row[1]) && !this.failed) this.diverged(row[1]);
    // A long curve has as many points in each doubling of its length.
    if (this.steps >= this.due) {
      this.history.push(row);
      this.due = this.steps + Math.max(1, Math.floor(this.steps / DENSE));
    }
  }

  toggle() {
    if (this.running) {
      this.stop();
      this.refresh();
      this.tell();
      return;
    }
    if (this.failed) return;
    this.running = true;
    this.show("pause", "Pause");
    this.painted = -Infinity;
    this.cost = 0;
    this.stepped = 0;
    requestAnimationFrame((now) => this.frame(now));
  }

  stop() {
    this.running = false;
    this.show("play", "Train");
  }

  show(name, label) {
    this.playing.replaceChildren(icon(name), html("span", {}, label));
  }

  frame(now) {
    if (!this.running || !this.host.isConnected) return;
    requestAnimationFrame((next) => this.frame(next));
    if (!this.visible || document.hidden) return;
    const { speed } = this.settings;
    const until = performance.now() + BUDGET;
    if (speed === "slow") {
      if (now - this.stepped < 250) return;
      this.stepped = now;
      this.step();
    } else {
      const { epochs } = this;
      while (this.step() && performance.now() < until && (speed === "fast" || this.epochs === epochs));
    }
    const rest = this.calm.matches ? 1000 : Math.max(50, 3 * this.cost);
    if (this.running && now - this.painted < rest) return;
    this.painted = now;
    const before = performance.now();
    this.measure();
    this.paint();
    this.cost = performance.now() - before;
    if (!this.running) this.tell();
  }

  // --- showing -----------------------------------------------------------------------------------

  refresh() {
    if (this.ink) this.paint();
  }

  colour() {
    const style = getComputedStyle(this.block);
    this.ink = {};
    for (const name of ["background", "text", "faint", "line", "rule", "local", "cotangent", "positive", "negative"]) {
      this.ink[name] = style.getPropertyValue(`--${name}`).trim();
    }
  }

  grid(n) {
    if (!this.grids.has(n)) {
      const [[a, b], [c, d]] = this.data.ranges;
      const at = (low, high, k, many) => low + ((high - low) * (k + 0.5)) / many;
      let x;
      if (this.flat) {
        // Row by row from above, as pixels are.
        x = new Float64Array(2 * n * n);
        for (let r = 0; r < n; r += 1) {
          for (let k = 0; k < n; k += 1) {
            x[2 * (r * n + k)] = at(a, b, k, n);
            x[2 * (r * n + k) + 1] = at(d, c, r, n);
          }
        }
      } else x = Float64Array.from({ length: n }, (_, k) => a + ((b - a) * k) / (n - 1));
      this.grids.set(n, { x, n: this.flat ? n * n : n });
    }
    return this.grids.get(n);
  }

  // What a class index is read from: the largest of several scores, or one beyond the threshold.
  classOf(scores, i) {
    const k = this.data.outputs;
    if (k === 1) return scores[i] > this.data.threshold ? 1 : 0;
    let best = 0;
    for (let c = 1; c < k; c += 1) if (scores[i * k + c] > scores[i * k + best]) best = c;
    return best;
  }

  // How surely, from 0 to 1.
  surely(scores, i) {
    const k = this.data.outputs;
    if (k === 1) {
      const lead = Math.abs(scores[i] - this.data.threshold);
      return this.data.threshold ? Math.min(1, 2 * lead) : Math.tanh(lead / 2);
    }
    let [top, total] = [-Infinity, 0];
    for (let c = 0; c < k; c += 1) top = Math.max(top, scores[i * k + c]);
    if (this.data.probabilities) return (top - 1 / k) / (1 - 1 / k);
    for (let c = 0; c < k; c += 1) total += Math.exp(scores[i * k + c] - top);
    return (1 / total - 1 / k) / (1 - 1 / k);
  }

  // Of a number from -1 to 1: the background at 0, a colour at either end.
  shade(v, pixels, at) {
    const base = rgb(this.ink.background);
    const ends = v < 0 ? this.tints[0] : this.tints[1];
    const t = Number.isFinite(v) ? Math.min(1, Math.abs(v)) * 0.8 : 0;
    for (let j = 0; j < 3; j += 1) pixels[4 * at + j] = base[j] + t * (ends[j] - base[j]);
    pixels[4 * at + 3] = 255;
  }

  image(n, fill) {
    const picture = new ImageData(n, n);
    for (let i = 0; i < n * n; i += 1) fill(i, picture.data);
    if (!this.sheets) this.sheets = new Map();
    if (!this.sheets.has(n)) this.sheets.set(n, html("canvas", { width: n, height: n }));
    const sheet = this.sheets.get(n);
    sheet.getContext("2d").putImageData(picture, 0, 0);
    return sheet;
  }

  paint() {
    this.paintUnits();
    this.paintMap();
    this.paintWeights();
    this.paintCurve();
    this.say();
  }

  paintUnits() {
    const side = this.flat ? SMALL : 2 * SMALL;
    const { x, n } = this.grid(side);
    this.seen = this.outputsOf(this.train.x, this.train.n);
    this.outputsOf(x, n).forEach(({ units, data }, c) => {
      this.units[c].forEach((unit, u) => {
        const { button, canvas } = unit;
        const context = canvas.getContext("2d");
        const most = Math.max(...spanOf(data, units, u).map(Math.abs)) || 1;
        unit.span = spanOf(this.seen[c].data, units, u);
        if (this.flat) {
          context.drawImage(this.image(side, (i, pixels) => this.shade(data[i * units + u] / most, pixels, i)), 0, 0);
        } else {
          context.fillStyle = this.ink.background;
          context.fillRect(0, 0, side, side);
          context.fillStyle = this.ink.rule;
          context.fillRect(0, side / 2, side, 1);
          context.strokeStyle = this.colours[0];
          context.lineWidth = 4;
          context.beginPath();
          for (let i = 0; i < n; i += 1) context.lineTo((i / (n - 1)) * side, side / 2 - (data[i * units + u] / most) * side * 0.42);
          context.stroke();
        }
        const constant = unit.span[1] - unit.span[0] < 1e-12;
        button.classList.toggle("constant", constant);
        button.setAttribute("aria-label", this.nameOf(c, u) + (constant ? ", the same for all points" : ""));
      });
    });
  }

  // What each column gives for points: the inputs, the layers, the outputs.
  outputsOf(x, n) {
    const layers = this.engine.hidden(x, n);
    return this.columns.map(({ units, layer }) => {
      if (layer === "input") return { units, data: x };
      if (layer === "output") return { units, data: this.engine.predict(x, n) };
      return { units, data: layers[layer].data };
    });
  }

  paintMap() {
    const side = this.flat ? (this.running ? TRAINING : PAUSED) : 240;
    const { x, n } = this.grid(side);
    const looked = this.looked && this.outputsOf(x, n)[this.looked[0]];
    const scores = looked ? null : this.engine.predict(x, n);
    const names = this.flat ? this.data.inputs : [this.data.inputs[0], looked || this.classes ? "output" : "y"];
    const axes = new Axes(this.canvas, this.data.ranges, names, this.ink);
    this.axes = axes;
    this.said = this.seen[this.seen.length - 1].data;
    if (this.held) this.heldSaid = this.engine.predict(this.held.x, this.held.n);
    if (this.flat) this.paintPlane(axes, side, scores, looked);
    else this.paintFunction(axes, x, n, scores, looked);
    axes.frame();
    if (this.cross) this.paintCross(axes);
  }

  paintPlane(axes, side, scores, looked) {
    const [left, top, across, down] = axes.box;
    const k = this.data.outputs;
    const base = rgb(this.ink.background);
    let most = 1;
    if (looked) {
      most = 1e-12;
      for (let i = 0; i < side * side; i += 1) most = Math.max(most, Math.abs(looked.data[i * looked.units + this.looked[1]]));
    }
    const [low, high] = this.data.range;
    const [middle, half] = [(low + high) / 2, (high - low) / 2 || 1];
    const sheet = this.image(side, (i, pixels) => {
      if (looked) this.shade(looked.data[i * looked.units + this.looked[1]] / most, pixels, i);
      else if (!this.classes) this.shade((scores[i * k] - middle) / half, pixels, i);
      else {
        const t = 0.1 + 0.4 * this.surely(scores, i);
        const tint = this.tints[this.classOf(scores, i) % this.tints.length];
        for (let j = 0; j < 3; j += 1) pixels[4 * i + j] = base[j] + t * (tint[j] - base[j]);
        pixels[4 * i + 3] = 255;
      }
    });
    axes.inside((context) => {
      context.imageSmoothingEnabled = true;
      context.imageSmoothingQuality = "high";
      context.drawImage(sheet, left, top, across, down);
      if (!looked && this.classes) {
        context.strokeStyle = this.ink.text;
        context.lineWidth = 1.2;
        context.beginPath();
        const place = ([c, r]) => [left + ((c + 0.5) / side) * across, top + ((r + 0.5) / side) * down];
        for (let c = k === 1 ? 1 : 0; c < Math.max(k, 2); c += 1) {
          zeros(this.lead(scores, side * side, c), side, (from, to) => {
            context.moveTo(...place(from));
            context.lineTo(...place(to));
          });
        }
        context.stroke();
      }
      const radius = this.train.n > 600 ? 2.2 : this.train.n > 200 ? 3 : 4;
      for (const [part, said, hollow] of [[this.held, this.heldSaid, true], [this.train, this.said, false]]) {
        for (let i = 0; part && i < part.n; i += 1) {
          const wrong = this.classes && this.classOf(said, i) !== this.truth(part, i);
          const kind = this.classes ? this.truth(part, i) : part.y[i * this.data.width];
          this.dot(context, kind, axes.x(part.x[2 * i]), axes.y(part.x[2 * i + 1]), hollow, wrong, radius);
        }
      }
    });
  }

  // By how much the score of a class is ahead of the others.
  lead(scores, n, c) {
    const k = this.data.outputs;
    const ahead = new Float64Array(n);
    for (let i = 0; i < n; i += 1) {
      if (k === 1) ahead[i] = scores[i] - this.data.threshold;
      else {
        let rest = -Infinity;
        for (let j = 0; j < k; j += 1) if (j !== c) rest = Math.max(rest, scores[i * k + j]);
        ahead[i] = scores[i * k + c] - rest;
      }
    }
    return ahead;
  }

  paintFunction(axes, x, n, scores, looked) {
    const pick = (data, units, u) => Float64Array.from({ length: n }, (_, i) => data[i * units + u]);
    axes.inside((context) => {
      context.fillStyle = this.ink.rule;
      context.fillRect(axes.box[0], axes.y(0), axes.box[2], 1);
      const radius = this.train.n > 200 ? 3 : 4;
      for (const [part, hollow] of [[this.held, true], [this.train, false]]) {
        for (let i = 0; part && i < part.n; i += 1) {
          const truth = this.classes ? this.truth(part, i) : 0;
          this.dot(context, this.classes ? truth : 0, axes.x(part.x[i]), axes.y(this.height(part, i, truth)), hollow, false, radius);
        }
      }
    });
    if (looked) axes.line(x, pick(looked.data, looked.units, this.looked[1]), this.ink.text);
    else {
      const k = this.data.outputs;
      for (let u = 0; u < k; u += 1) {
        axes.line(x, pick(scores, k, u), k > 1 ? this.colours[u % this.colours.length] : this.ink.text, k > 1 ? [[], [7, 4], [2, 3]][u % 3] : []);
      }
    }
  }

  // Where a point of one input is drawn: at its target, or, with several outputs, at the bottom.
  height(part, i, truth) {
    if (!this.classes) return part.y[i * this.data.width];
    return this.data.outputs === 1 ? this.classes[truth][0] : this.data.ranges[1][0] * 0.94 + this.data.ranges[1][1] * 0.06;
  }

  truth(part, i) {
    const w = this.data.width;
    if (w > 1) {
      let best = 0;
      for (let c = 1; c < w; c += 1) if (part.y[i * w + c] > part.y[i * w + best]) best = c;
      return best;
    }
    return this.classes.findIndex((row) => row[0] === part.y[i]);
  }

  // A point of a class, or of a number.
  dot(context, kind, x, y, hollow = false, wrong = false, radius = 4) {
    if (this.flat && !this.classes) {
      marker(context, hollow ? 2 : 0, x, y, radius);
      context.setLineDash([]);
      context.fillStyle = this.shadeOf(kind);
      context.fill();
      context.strokeStyle = this.ink.line;
      context.lineWidth = 1;
      context.stroke();
      return;
    }
    const fill = this.colours[kind % this.colours.length];
    marker(context, this.classes ? kind : 0, x, y, hollow ? radius - 0.8 : radius);
    context.setLineDash([]);
    context.fillStyle = hollow ? this.ink.background : fill;
    context.fill();
    context.strokeStyle = wrong ? this.ink.text : hollow ? fill : this.ink.background;
    context.lineWidth = wrong ? 1.6 : hollow ? 1.4 : 0.8;
    context.stroke();
    if (hollow && wrong) {
      marker(context, this.classes ? kind : 0, x, y, radius / 3);
      context.fillStyle = fill;
      context.fill();
    }
  }

  // A number of the targets' range as a colour of the map.
  shadeOf(v) {
    const [low, high] = this.data.range;
    const pixel = new Uint8ClampedArray(4);
    this.shade((v - (low + high) / 2) / ((high - low) / 2 || 1), pixel, 0);
    return `rgb(${pixel[0]}, ${pixel[1]}, ${pixel[2]})`;
  }

  paintCross(axes) {
    const { context } = axes;
    const [x, y] = [axes.x(this.cross[0]), axes.y(this.cross[1])];
    for (const [colour, width] of [[this.ink.background, 4], [this.ink.text, 1.5]]) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      for (const [dx, dy] of [[1, 0], [0, 1]]) {
        context.moveTo(x - 11 * dx, y - 11 * dy);
        context.lineTo(x + 11 * dx, y + 11 * dy);
      }
      context.stroke();
    }
  }

  paintWeights() {
    let most = 2;
    for (const { parameter, at } of this.edges) most = Math.max(most, Math.abs(parameter.data[at]));
    for (const { path, parameter, at } of this.edges) {
      const w = parameter.data[at];
      path.style.strokeWidth = (0.3 + (5.2 * Math.abs(w)) / most).toFixed(2);
      path.classList.toggle("negative", w < 0);
    }
    if (this.looked) this.note(this.describe(...this.looked));
  }

  paintCurve() {
    const rows = [...this.history, this.latest];
    const last = Math.max(this.steps, 10);
    const { log } = this.settings;
    const level = (v) => (log ? Math.log10(v) : v);
    const levels = rows.flatMap((row) => row.slice(1)).filter((v) => v !== null).map(level).filter(Number.isFinite);
    const high = Math.max(...levels, log ? -Infinity : 0);
    const range = log ? [Math.floor(Math.min(...levels) - 0.1), Math.ceil(high + 0.1)] : [0, high * 1.05 || 1];
    const axes = new Axes(this.curve, [[0, last], range], ["step", "loss"], this.ink, { whole: true, log });
    const draw = (column, ...look) => {
      const kept = rows.filter((row) => Number.isFinite(level(row[column])));
      axes.line(kept.map((row) => row[0]), kept.map((row) => level(row[column])), ...look);
    };
    if (this.held) draw(2, this.ink.cotangent, [5, 4]);
    draw(1, this.ink.local);
    axes.frame();
  }

  right(part, said) {
    let count = 0;
    for (let i = 0; i < part.n; i += 1) if (this.classOf(said, i) === this.truth(part, i)) count += 1;
    return count / part.n;
  }

  say() {
    const [, loss, held] = this.latest;
    const parts = [["step", this.steps.toLocaleString("en")], ["epoch", this.epochs.toLocaleString("en")], ["loss", steady(loss), held === null ? null : steady(held)]];
    if (this.classes) {
      const percent = (part, said) => `${(100 * this.right(part, said)).toFixed(1)}%`;
      parts.push(["right", percent(this.train, this.said), this.held && percent(this.held, this.heldSaid)]);
    }
    this.numbers.replaceChildren(...parts.map(([name, text, apart]) => {
      const part = html("span", {}, `${name} `, html("b", {}, text));
      if (apart) part.append(" · held out ", html("b", {}, apart));
      return part;
    }));
    this.summary = this.failed || `${Array.from(this.numbers.children, (part) => part.textContent).join("; ")}.`;
    this.block.classList.toggle("failed", Boolean(this.failed));
    this.block.dataset.step = String(this.steps);
    this.block.dataset.loss = String(loss);
    const what = this.looked ? `Map of ${this.nameOf(...this.looked)}` : this.data.shown;
    this.caption.textContent = what;
    this.canvas.setAttribute("aria-label", `${what}. ${this.summary}`);
    this.curve.setAttribute("aria-label", `Loss by step: ${this.summary}`);
    this.plane.setAttribute("aria-label", `${what}. Arrow keys move a cross, Enter adds a point there, Delete removes the last one added.`);
    this.told.textContent = this.failed || this.place();
  }

  place() {
    if (!this.cross) return "Click to add a point; with the keyboard, arrow keys and Enter.";
    const at = this.cross.map((v) => written(v)).join(", ");
    const x = Float64Array.from(this.flat ? this.cross : [this.cross[0]]);
    const said = this.engine.predict(x, 1);
    const scores = Array.from(said, (v) => written(v)).join(", ");
    const of = this.classes ? `${this.data.labels[this.classOf(said, 0)]}, output ` : "output ";
    return `At ${at}: ${of}${scores}`;
  }

  tell(words = this.summary) {
    this.spoken.textContent = words;
  }

  note(words) {
    if (words !== undefined) this.noted.textContent = words;
    else if (this.looked) this.noted.textContent = this.describe(...this.looked);
    else this.noted.textContent = this.data.about;
  }

  nameOf(c, u) {
    const { title, names, units } = this.columns[c];
    if (names) return names[u];
    return units === 1 ? title : `${title}, unit ${u + 1}`;
  }

  describe(c, u) {
    const { link, bias } = this.columns[c];
    const parts = [];
    const [low, high] = this.units[c][u].span.map((v) => written(v));
    const lead = `${this.nameOf(c, u)}: ${low === high ? `${low} for all points` : `from ${low} to ${high}`}`;
    if (link !== null) {
      const { data, shape: [, ins] } = this.engine.parameters[link];
      if (bias !== null) parts.push(`bias ${written(this.engine.parameters[bias].data[u])}`);
      const row = Array.from(data.subarray(u * ins, (u + 1) * ins), (w) => written(w));
      parts.push(`weights ${row.slice(0, 8).join(", ")}${row.length > 8 ? ` and ${row.length - 8} more` : ""}`);
    }
    return [lead, ...parts].join("; ");
  }

  look(c, u) {
    this.looked = c === undefined ? null : [c, u];
    this.note();
    this.paintMap();
    this.say();
  }

  // The weight whose line is nearest to the pointer, if one is near.
  near(event) {
    const base = this.net.getBoundingClientRect();
    let [found, least] = [null, 8];
    if (event && !this.looked) {
      const [px, py] = [event.clientX - base.left, event.clientY - base.top];
      for (const edge of this.edges) {
        const [x, y, z, v] = edge.ends;
        const share = (px - x) / (z - x);
        if (share < 0 || share > 1) continue;
        // Where the curve is that far across: its way across is 1.5 t (1 - t) + t³, up t² (3 - 2 t).
        let t = share;
        for (let k = 0; k < 4; k += 1) t -= (1.5 * t * (1 - t) + t ** 3 - share) / (1.5 - 3 * t + 3 * t * t);
        const off = Math.abs(y + (v - y) * t * t * (3 - 2 * t) - py);
        if (off < least) [found, least] = [edge, off];
      }
    }
    if (this.close === found) return;
    if (this.close) this.close.path.classList.remove("near");
    this.close = found;
    if (found) {
      const { path, parameter, at, c, i, o } = found;
      path.classList.add("near");
      this.note(`weight from ${this.nameOf(c, i)} to ${this.nameOf(c + 1, o)}: ${written(parameter.data[at])}`);
    } else this.note();
  }

  walk(event, c, u) {
    const ways = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
    const way = ways[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const column = this.units[c + way[0]];
    if (!column) return;
    const next = column[Math.min(Math.max(u + way[1], 0), column.length - 1)];
    for (const { button } of this.units.flat()) button.tabIndex = -1;
    next.button.tabIndex = 0;
    next.button.focus();
  }

  // --- the room there is ---------------------------------------------------------------------------

  arrange() {
    // On paper it is as wide, and smaller: no script is asked there to arrange it anew.
    const { width } = this.block.getBoundingClientRect();
    this.host.style.setProperty("--wide", `${width}px`);
    this.host.style.setProperty("--fit", String(Math.min(1, 680 / width)));
    const most = Math.max(...this.units.map((column) => column.length));
    const wide = this.net.clientWidth / this.units.length;
    // Of many units each is small, and the network higher than the map.
    const room = most > 20 ? 500 : 360;
    const gap = most > 12 ? 2 : 4;
    const size = Math.floor(Math.max(12, Math.min(44, wide * 0.6, room / most - gap)));
    this.net.style.setProperty("--unit", `${size}px`);
    this.net.style.setProperty("--gap", `${gap}px`);
    const base = this.net.getBoundingClientRect();
    const middle = (button) => {
      const box = button.getBoundingClientRect();
      return [box.left - base.left, box.right - base.left, (box.top + box.bottom) / 2 - base.top];
    };
    const places = new Map(this.units.flat().map(({ button }) => [button, middle(button)]));
    for (const edge of this.edges) {
      const { path, c, i, o } = edge;
      const [, x, y] = places.get(this.units[c][i].button);
      const [z, , v] = places.get(this.units[c + 1][o].button);
      const m = (x + z) / 2;
      edge.ends = [x, y, z, v];
      path.setAttribute("d", `M${x.toFixed(1)} ${y.toFixed(1)}C${m.toFixed(1)} ${y.toFixed(1)} ${m.toFixed(1)} ${v.toFixed(1)} ${z.toFixed(1)} ${v.toFixed(1)}`);
    }
    for (const [canvas, draw] of this.samples) {
      const { context, width, height } = fresh(canvas);
      draw(context, width, height);
    }
    this.refresh();
  }

  theme() {
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    chooseTheme(this.block, this.data.theme, (theme) => {
      // Regions have the colours of the theme; on a dark ground points and lines are lighter.
      this.tints = this.data.colours.map(rgb);
      this.colours = this.tints.map((tint) => `rgb(${tint.map((v) => Math.round(theme === "dark" ? 0.6 * v + 102 : v))})`);
      this.colour();
      if (this.history) this.arrange();
    });
  }

  listen() {
    this.canvas.addEventListener("click", (event) => {
      const box = this.canvas.getBoundingClientRect();
      const at = this.axes.back(event.clientX - box.left, event.clientY - box.top);
      const inside = at.every((v, k) => v >= this.data.ranges[k][0] && v <= this.data.ranges[k][1]);
      if (inside) this.add(at);
    });
    this.plane.addEventListener("focus", () => {
      if (!this.plane.matches(":focus-visible")) return;
      this.cross = this.cross || this.data.ranges.map(([low, high]) => (low + high) / 2);
      this.refresh();
    });
    this.plane.addEventListener("blur", () => { this.cross = null; this.refresh(); });
    this.plane.addEventListener("keydown", (event) => this.press(event));
    new ResizeObserver(() => this.arrange()).observe(this.block);
    new IntersectionObserver(([entry]) => { this.visible = entry.isIntersecting; }).observe(this.block);
    this.note();
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const ways = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
    const { ranges } = this.data;
    this.cross = this.cross || ranges.map(([low, high]) => (low + high) / 2);
    if (event.key in ways) {
      const share = event.shiftKey ? 0.1 : 0.02;
      this.cross = this.cross.map((v, k) => {
        const [low, high] = ranges[k];
        return Math.min(high, Math.max(low, v + ways[event.key][k] * share * (high - low)));
      });
      this.tell(this.place());
    } else if (event.key === "Enter" || event.key === " ") this.add(this.cross);
    else if (event.key === "Delete" || event.key === "Backspace") {
      if (this.added.pop()) this.tell("The last added point is removed.");
      this.gather();
    } else if (this.classes && this.classes[Number(event.key)]) {
      this.adding = Number(event.key);
      this.root.querySelectorAll("input[name=class]")[this.adding].checked = true;
      this.tell(`Points of ${this.data.labels[this.adding]} are added.`);
    } else return;
    event.preventDefault();
    event.stopPropagation();
    this.refresh();
  }
}
