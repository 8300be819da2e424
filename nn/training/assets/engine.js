// What a page knows of a network: its numbers, what it says of instances, and the steps that move it.

// A function of a number of instances, whose arrays are made once for each of the last few numbers.
const kept = (make) => {
  const made = new Map();
  return (m) => {
    if (!made.has(m)) {
      if (made.size === 8) made.clear();
      made.set(m, make(m));
    }
    return made.get(m);
  };
};

// Numbers from 0 to 1 (mulberry32).
let drawn = 0;
const random = () => {
  drawn = (drawn + 0x6d2b79f5) | 0;
  let x = Math.imul(drawn ^ (drawn >>> 15), 1 | drawn);
  x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
  return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
};

// parameters, buffers: [{name, shape, data}]; numbers: all that is trained, which `data` are parts of;
// said, measured, descended: functions of m, as below; layers: what `said` gives beside the prediction.
const engineOf = ({ parameters, buffers, numbers, said, measured, descended, layers, optimizers }) => {
  const held = [...parameters, ...buffers];
  for (const each of held) each.initial = each.data.slice();
  const slopes = new Float64Array(numbers.length);
  let chosen = Object.keys(optimizers)[0], states = [], taken = 0, seed = 0;

  const begin = () => {
    states = optimizers[chosen].starts.map((x) => new Float64Array(numbers.length).fill(x));
    taken = 0;
    drawn = seed;
  };
  begin();

  return {
    parameters,
    buffers,

    // What the network gives for m instances, in evaluation mode: m rows.
    predict: (x, m) => said(m)(x).outputs[0].slice(),

    // What each layer gives for them.
    hidden: (x, m) =>
      said(m)(x).outputs.slice(1).map((data, i) => ({ ...layers[i], data: data.slice() })),

    // The loss of m instances in evaluation mode, without the penalty.
    loss: (x, y, m) => measured(m)(x, y).outputs[0],

    // One step on m instances, and their loss before it, with the penalty l2 · Σ‖W‖². Where the loss or
    // a gradient is not finite nothing changes; of a gradient NaN is returned.
    step(x, y, m, { lr = optimizers[chosen].lr, l2 = 0 } = {}) {
      const { outputs: [loss], gradients, moved } = descended(m)(x, y, l2);
      if (!Number.isFinite(loss)) return loss;
      let start = 0, size = 0;
      for (const g of gradients) {
        slopes.set(g, start);
        start += g.length;
      }
      for (let i = 0; i < slopes.length; i++) size += Math.abs(slopes[i]);
      if (!Number.isFinite(size)) return NaN;
      taken += 1;
      const [next, ...after] = optimizers[chosen].rule(numbers.length)(
        numbers, slopes, ...states, lr, taken,
      ).outputs;
      numbers.set(next);
      after.forEach((x, i) => states[i].set(x));
      for (const [to, from] of moved) to.set(from);
      return loss;
    },

    // The numbers that the page came with, and an optimiser that remembers nothing.
    reset() {
      for (const { data, initial } of held) data.set(initial);
      begin();
    },

    // Other numbers for a parameter or a buffer.
    set(name, values) {
      const found = held.find((each) => each.name === name);
      if (!found) throw new RangeError(`there is no ${name}`);
      if (values.length !== found.data.length)
        throw new RangeError(`${name} has ${found.data.length} numbers, got ${values.length}`);
      found.data.set(values);
    },

    get optimizers() {
      return Object.keys(optimizers);
    },

    get optimizer() {
      return chosen;
    },

    // Another one begins anew.
    set optimizer(name) {
      if (!Object.hasOwn(optimizers, name)) throw new RangeError(`there is no optimizer ${name}`);
      if (name === chosen) return;
      chosen = name;
      begin();
    },

    get seed() {
      return seed;
    },

    // Where the numbers that dropout and its like draw begin.
    set seed(x) {
      drawn = seed = x | 0;
    },
  };
};
