// Models that show what fits a wearable; the planner, the kernels and the benchmarks are held to them.

import type { Model } from "./types.ts";

export const referenceModels = {
  "mlp-128-32-6": {
    name: "mlp-128-32-6",
    kind: "classifier",
    input: { shape: [128], type: "f32" },
    layers: [
      { kind: "dense", units: 32, activation: "relu" },
      { kind: "dense", units: 6 },
    ],
  },
  "mlp-561-64-6": {
    name: "mlp-561-64-6",
    kind: "classifier",
    input: { shape: [561], type: "f32" },
    layers: [
      { kind: "dense", units: 64, activation: "relu" },
      { kind: "dense", units: 6 },
    ],
  },
  /** 2.56 s of accelerometer and gyroscope at 50 Hz, 12 activities. */
  "motion-cnn": {
    name: "motion-cnn",
    kind: "classifier",
    input: { shape: [128, 6], type: "i16" },
    layers: [
      { kind: "conv1d", filters: 16, kernel: 5, stride: 2, activation: "relu" },
      { kind: "conv1d", filters: 16, kernel: 5, stride: 2, activation: "relu" },
      { kind: "globalAveragePool" },
      { kind: "dense", units: 12 },
    ],
  },
  /** MNIST digits. */
  "image-cnn": {
    name: "image-cnn",
    kind: "classifier",
    input: { shape: [28, 28, 1], type: "u8" },
    layers: [
      { kind: "conv2d", filters: 8, kernel: [5, 5], stride: [2, 2], activation: "relu" },
      { kind: "conv2d", filters: 16, kernel: [5, 5], stride: [2, 2], activation: "relu" },
      { kind: "dense", units: 10 },
    ],
  },
  /** CIFAR-10: small enough that a board of 256 KiB trains all of it, and one of 64 KiB a part of its last layers. */
  "cifar-cnn": {
    name: "cifar-cnn",
    kind: "classifier",
    input: { shape: [32, 32, 3], type: "u8" },
    layers: [
      { kind: "conv2d", filters: 12, kernel: [3, 3], activation: "relu" },
      { kind: "maxPool2d", size: [2, 2] },
      { kind: "conv2d", filters: 20, kernel: [3, 3], activation: "relu" },
      { kind: "maxPool2d", size: [2, 2] },
      { kind: "conv2d", filters: 28, kernel: [3, 3], activation: "relu" },
      { kind: "globalAveragePool" },
      { kind: "dense", units: 10 },
    ],
  },
  /** One lead, 0.5 s around the R peak at 128 Hz: reconstruction error tells unusual beats. */
  "ecg-autoencoder": {
    name: "ecg-autoencoder",
    kind: "autoencoder",
    input: { shape: [64, 1], type: "i16" },
    layers: [
      { kind: "conv1d", filters: 8, kernel: 5, stride: 2, activation: "relu" },
      { kind: "conv1d", filters: 8, kernel: 5, stride: 2, activation: "relu" },
      { kind: "dense", units: 12, activation: "tanh" },
      { kind: "dense", units: 64 },
    ],
  },
} satisfies Record<string, Model>;
