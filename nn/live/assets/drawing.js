// Numbers as text, and drawing on a canvas: axes with numbers, markers, lines where a map is 0.
const FONT = '"Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif';

function written(x, digits = 3) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "not a number" : x > 0 ? "∞" : "−∞";
  return String(Number(x.toPrecision(digits))).replace("-", "−");
}

// The same as many digits each time, so that nothing moves where they change.
function steady(x) {
  const size = Math.abs(x);
  return size >= 1e-4 && size < 1e4 ? x.toPrecision(3).replace("-", "−") : written(x);
}

function ticks(low, high, most) {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k += 1) found.push(k * step);
  return found;
}

// A canvas in the pixels of the screen, cleared, and its size in those of the page.
function fresh(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

// Axes with numbers around a box: from numbers to places, as functions.
class Axes {
  constructor(canvas, ranges, names, ink, { whole = false, log = false } = {}) {
    const { context, width, height } = fresh(canvas);
    this.context = context;
    this.box = [42, 8, width - 56, height - 42];
    const [left, top, across, down] = this.box;
    this.ranges = ranges;
    const [[a, b], [c, d]] = ranges;
    this.x = (v) => left + ((v - a) / (b - a)) * across;
    this.y = (v) => top + down - ((v - c) / (d - c)) * down;
    this.back = (px, py) => [a + ((px - left) / across) * (b - a), c + ((top + down - py) / down) * (d - c)];
    this.ink = ink;
    this.names = names;
    this.whole = whole; // numbers across, as of steps
    this.log = log; // numbers above are exponents of 10
  }

  inside(draw) {
    this.context.save();
    this.context.beginPath();
    this.context.rect(...this.box);
    this.context.clip();
    draw(this.context);
    this.context.restore();
  }

  frame() {
    const { context, box: [left, top, across, down], ink } = this;
    context.strokeStyle = ink.line;
    context.lineWidth = 1;
    context.strokeRect(left + 0.5, top + 0.5, across - 1, down - 1);
    context.fillStyle = ink.faint;
    context.font = `11px ${FONT}`;
    context.textAlign = "center";
    context.textBaseline = "top";
    const many = Math.max(2, Math.floor(across / 45));
    for (const v of ticks(...this.ranges[0], many)) {
      if (this.whole && v % 1) continue;
      context.fillRect(this.x(v), top + down, 1, 4);
      context.fillText(written(v, 6), this.x(v), top + down + 6);
    }
    context.fillText(this.names[0], left + across / 2, top + down + 20);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const v of ticks(...this.ranges[1], Math.max(2, Math.floor(down / (this.log ? 20 : 40))))) {
      if (this.log && v % 1) continue;
      context.fillRect(left - 4, this.y(v), 4, 1);
      context.fillText(written(this.log ? 10 ** v : v, 4), left - 6, this.y(v));
    }
    context.save();
    context.translate(7, top + down / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText(this.names[1], 0, 0);
    context.restore();
  }

  line(xs, ys, colour, dash = [], width = 2) {
    this.inside((context) => {
      context.beginPath();
      for (let i = 0; i < ys.length; i += 1) context.lineTo(this.x(xs[i]), this.y(ys[i]));
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.lineJoin = "round";
      context.setLineDash(dash);
      context.stroke();
    });
  }
}

function marker(context, kind, x, y, r) {
  context.beginPath();
  if (kind === 0) context.arc(x, y, r, 0, 2 * Math.PI);
  else {
    // A square, a diamond, triangles: the corners of a polygon, the first at an angle.
    const [corners, turn, size] = [[4, 0.25, 1.2], [4, 0, 1.3], [3, 0.25, 1.4], [3, -0.25, 1.4], [3, 0.5, 1.4], [3, 0, 1.4]][(kind - 1) % 6];
    for (let k = 0; k < corners; k += 1) {
      const angle = 2 * Math.PI * (k / corners + (corners === 4 ? turn / 2 : turn));
      context.lineTo(x + r * size * Math.cos(angle), y + r * size * Math.sin(angle));
    }
    context.closePath();
  }
}

function rgb(colour) {
  const n = parseInt(colour.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}

// Where numbers on a grid are 0: pieces of lines, found between the points (marching squares).
function zeros(values, n, each) {
  const cut = (a, b) => a / (a - b);
  for (let r = 0; r + 1 < n; r += 1) {
    for (let c = 0; c + 1 < n; c += 1) {
      const [p, q, s, t] = [values[r * n + c], values[r * n + c + 1], values[(r + 1) * n + c + 1], values[(r + 1) * n + c]];
      const ends = [];
      if (p > 0 !== q > 0) ends.push([c + cut(p, q), r]);
      if (q > 0 !== s > 0) ends.push([c + 1, r + cut(q, s)]);
      if (t > 0 !== s > 0) ends.push([c + cut(t, s), r + 1]);
      if (p > 0 !== t > 0) ends.push([c, r + cut(p, t)]);
      for (let k = 0; k + 1 < ends.length; k += 2) each(ends[k], ends[k + 1]);
    }
  }
}
