// Federated averaging of the image CNN in TensorFlow.js: what peer.ts compares with. `node peer_tensorflow.mjs FOLDER BACKEND EXPERIMENT`:
// the folder that the packages are installed in, "cpu" or "wasm", and a file that peer.ts writes. Prints { seconds, accuracy }.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, backend, path] = process.argv.slice(2);
const required = createRequire(join(folder, "package.json"));
const tf = required("@tensorflow/tfjs");
if (backend === "wasm") required("@tensorflow/tfjs-backend-wasm");
await tf.setBackend(backend);
await tf.ready();

const { rounds, learningRate, scale, offset, clients, test, weights } = JSON.parse(readFileSync(path, "utf8"));

const pixels = (base64) => Float32Array.from(Buffer.from(base64, "base64"), (v) => v * scale + offset);
/** Samples as tensors, one by one. */
const samples = ({ images, labels }) => {
  const all = pixels(images);
  return labels.map((label, i) => ({
    x: tf.tensor4d(all.subarray(i * 784, (i + 1) * 784), [1, 28, 28, 1]),
    y: tf.oneHot([label], 10),
    label,
  }));
};
const fleet = clients.map((client) => ({ samples: samples(client), orders: client.orders }));
const held = samples(test);
let model = weights.map(({ values, shape }) => tf.tensor(values, shape));

/**
 * A convolution with stride 2. The WebAssembly backend lacks the kernel of a filter's gradient: there it is the sample convolved with dy, each
 * input channel as a sample of its own and dy dilated by the stride, which is the same sum.
 */
const convolved = tf.customGrad((x, w, save) => {
  save([x, w]);
  const gradFunc = (dy, [x, w]) => {
    const byChannel = tf.conv2d(x.transpose([3, 1, 2, 0]), dy.transpose([1, 2, 0, 3]), 1, "valid", "NHWC", 2);
    const [rows, columns] = w.shape;
    const filter = byChannel.slice([0, 0, 0, 0], [-1, rows, columns, -1]).transpose([1, 2, 0, 3]);
    return [tf.conv2dTranspose(dy, w, x.shape, 2, "valid"), filter];
  };
  return { value: tf.conv2d(x, w, 2, "valid"), gradFunc };
});
const convolution = backend === "wasm" ? convolved : (x, w) => tf.conv2d(x, w, 2, "valid");

const logits = ([w1, b1, w2, b2, w3, b3], x) => {
  const first = tf.relu(tf.add(convolution(x, w1), b1));
  const second = tf.relu(tf.add(convolution(first, w2), b2));
  return tf.add(tf.matMul(second.reshape([x.shape[0], -1]), w3), b3);
};

/** One pass over the client's samples, batch 1, in the order given. */
function train({ samples, orders }, round) {
  const variables = model.map((value) => tf.variable(value));
  const optimizer = tf.train.sgd(learningRate);
  for (const index of orders[round]) {
    const { x, y } = samples[index];
    optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, logits(variables, x)), false, variables);
  }
  optimizer.dispose();
  return variables;
}

/** Clients have as many samples each: the mean is that of their models. */
function mean(models) {
  return tf.tidy(() => model.map((_, i) => tf.stack(models.map((m) => m[i])).mean(0)));
}

const start = performance.now();
for (let round = 0; round < rounds; round++) {
  const models = fleet.map((client) => train(client, round));
  const next = mean(models);
  tf.dispose([model, models]);
  model = next;
}
const right = held.filter(({ x, label }) => tf.tidy(() => logits(model, x).argMax(1).dataSync()[0]) === label);
console.log(JSON.stringify({ seconds: (performance.now() - start) / 1000, accuracy: right.length / held.length }));
