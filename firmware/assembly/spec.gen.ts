// Generated from firmware/spec by scripts/generate_spec.ts; do not edit.
export const ERR_LINK_GONE: i32 = -1;
export const ERR_FRAME: i32 = -2;
export const ERR_FRAME_CRC: i32 = -3;
export const ERR_FRAME_LONG: i32 = -4;
export const ERR_COMMAND_UNKNOWN: i32 = -5;
export const ERR_ARGUMENT: i32 = -6;
export const ERR_STATE: i32 = -7;
export const ERR_BLOB_KIND: i32 = -8;
export const ERR_BLOB_LONG: i32 = -9;
export const ERR_BLOB_HASH: i32 = -10;
export const ERR_BLOB_ABSENT: i32 = -11;
export const ERR_FLASH: i32 = -12;
export const ERR_FLASH_RANGE: i32 = -13;
export const ERR_FLASH_BITS: i32 = -14;
export const ERR_MEMORY: i32 = -15;
export const ERR_GUEST_LOAD: i32 = -16;
export const ERR_GUEST_ABI: i32 = -17;
export const ERR_GUEST_TRAP: i32 = -18;
export const ERR_GUEST_BOUNDS: i32 = -19;
export const ERR_GUEST_TIME: i32 = -20;
export const ERR_GUEST_SELFTEST: i32 = -21;
export const ERR_PLAN: i32 = -22;
export const ERR_PLAN_ABI: i32 = -23;
export const ERR_PLAN_MEMORY: i32 = -24;
export const ERR_PLAN_OP: i32 = -25;
export const ERR_PLAN_RANGE: i32 = -26;
export const ERR_FROZEN_MISMATCH: i32 = -27;
export const ERR_SLICE_VERSION: i32 = -28;
export const ERR_SLICE_MISMATCH: i32 = -29;
export const ERR_SAMPLES_NONE: i32 = -30;
export const ERR_SAMPLES_FULL: i32 = -31;
export const ERR_SAMPLE_SIZE: i32 = -32;
export const ERR_BUSY: i32 = -33;
export const ERR_TASK_UNKNOWN: i32 = -34;
export const ERR_LOSS_NOT_FINITE: i32 = -35;
export const ERR_POWER: i32 = -36;
export const ERR_FIRMWARE_IMAGE: i32 = -37;
export const ERR_TRIAL_OVER: i32 = -38;
export const ERR_TRIAL_RUNNING: i32 = -39;
export const ERR_SENSOR_ABSENT: i32 = -40;
export const ERR_SENSOR_WRONG: i32 = -41;
export const ERR_SENSOR_BUS: i32 = -42;
export const ERR_SENSOR_RESET: i32 = -43;
export const ERR_SAMPLES_PRIVATE: i32 = -44;
export const PLAN_MAGIC: u32 = 1280333894;
export const ABI_VERSION: u32 = 3;
export const NONE: u32 = 4294967295;
export const LEAF_DIMENSION_MAX: u32 = 32767;
export const LEAF_TURNS_MAX: u32 = 16777216;
export const KEPT_MAX: u32 = 192;
export const ANOMALY_SCORES: u32 = 16;
export const ANOMALY_DEVIATIONS: u32 = 3;
export const REGION_ARENA: u32 = 0;
export const REGION_MOVING: u32 = 1;
export const REGION_FROZEN: u32 = 8;
export const REGION_SLICE: u32 = 9;
export const REGION_DELTA: u32 = 10;
export const REGION_RESIDUAL: u32 = 11;
export const REGION_SAMPLES: u32 = 12;
export const MODEL_KIND_CLASSIFIER: u32 = 0;
export const MODEL_KIND_AUTOENCODER: u32 = 2;
export const SAMPLE_TYPE_U8: u32 = 0;
export const SAMPLE_TYPE_I16: u32 = 1;
export const SAMPLE_TYPE_F32: u32 = 2;
export const ACTIVATION_RELU: u32 = 0;
export const ACTIVATION_RELU6: u32 = 1;
export const ACTIVATION_SIGMOID: u32 = 2;
export const ACTIVATION_TANH: u32 = 3;
export const WEIGHT_GRADIENT_ACCUMULATE: u32 = 0;
export const WEIGHT_GRADIENT_DESCEND: u32 = 1;
export const ROW_ENCODING_INT8: u32 = 1;
export const ROW_ENCODING_F32: u32 = 2;
export const ROW_ENCODING_TOP_K: u32 = 3;
export const ROW_ENCODING_INT4: u32 = 4;
export const PLAN_HEADER_MAGIC_AT: usize = 0;
export const PLAN_HEADER_ABI_AT: usize = 4;
export const PLAN_HEADER_MODEL_KIND_AT: usize = 6;
export const PLAN_HEADER_SAMPLE_TYPE_AT: usize = 7;
export const PLAN_HEADER_PLAN_BYTES_AT: usize = 8;
export const PLAN_HEADER_MEMORY_BYTES_AT: usize = 12;
export const PLAN_HEADER_FROZEN_BYTES_AT: usize = 16;
export const PLAN_HEADER_FROZEN_CRC_AT: usize = 20;
export const PLAN_HEADER_STATE_AT_AT: usize = 24;
export const PLAN_HEADER_STATE_BYTES_AT: usize = 28;
export const PLAN_HEADER_SLICE_COUNT_AT: usize = 32;
export const PLAN_HEADER_ANOMALY_AT_AT: usize = 36;
export const PLAN_HEADER_SCRATCH_AT_AT: usize = 40;
export const PLAN_HEADER_SCRATCH_BYTES_AT: usize = 44;
export const PLAN_HEADER_INPUT_ELEMENTS_AT: usize = 48;
export const PLAN_HEADER_OUTPUT_AT_AT: usize = 52;
export const PLAN_HEADER_OUTPUT_ELEMENTS_AT: usize = 56;
export const PLAN_HEADER_MICRO_BATCH_AT: usize = 60;
export const PLAN_HEADER_SEGMENTS_AT_AT: usize = 64;
export const PLAN_HEADER_SEGMENTS_AT: usize = 68;
export const PLAN_HEADER_FORWARD_AT_AT: usize = 72;
export const PLAN_HEADER_FORWARD_OPS_AT: usize = 76;
export const PLAN_HEADER_INFER_AT_AT: usize = 80;
export const PLAN_HEADER_INFER_OPS_AT: usize = 84;
export const PLAN_HEADER_TRAIN_AT_AT: usize = 88;
export const PLAN_HEADER_TRAIN_OPS_AT: usize = 92;
export const PLAN_HEADER_APPLY_AT_AT: usize = 96;
export const PLAN_HEADER_APPLY_OPS_AT: usize = 100;
export const PLAN_HEADER_MODEL_HASH_AT: usize = 104;
export const PLAN_HEADER_BYTES: usize = 108;
export const SEGMENT_ROWS_AT: usize = 0;
export const SEGMENT_ROW_ELEMENTS_AT: usize = 4;
export const SEGMENT_BYTES: usize = 8;

/** y[i] = sample[k + i] * scale[i % c] + offset[i % c], i < n, k = first + step * pass, from the sample's own type */
export const OP_INPUT: u32 = 1;

/** y(p,c) rows := b(c) */
export const OP_ROWS: u32 = 2;

/** y := value */
export const OP_FILL: u32 = 3;

/** y := x */
export const OP_COPY: u32 = 4;

/** y += x */
export const OP_ADD: u32 = 5;

/** y[i*yc + j] := x[i*xc + j], i < p, j < n (x, y already point at the first channel) */
export const OP_COPY_CHANNELS: u32 = 6;

/** y[i*yc + j] += x[i*xc + j] */
export const OP_ADD_CHANNELS: u32 = 7;

/** the next ops, none of them a repeat, run in passes 0..times-1; times > 0 */
export const OP_REPEAT: u32 = 8;

/** y(o) := b(o) where b is given; y += w(o,i) x(i) */
export const OP_DENSE: u32 = 16;

/** dx(i) += w' dy */
export const OP_DENSE_BACKWARD_INPUT: u32 = 17;

/** mode accumulate: dw += dy x'; descend: dw -= lr dy x'; db likewise, by dy, where it is given */
export const OP_DENSE_BACKWARD_WEIGHTS: u32 = 18;

/** y(o) := b(o) where b is given; y += s(o) * (w8(o,i) x) */
export const OP_QDENSE: u32 = 19;

/** dx += w8' (s . dy) */
export const OP_QDENSE_BACKWARD_INPUT: u32 = 20;

/** y(oh,ow,oc) += conv(x(ih,iw,ic), w(oc,kh,kw,ic)); ph, pw: zeros before the first row and column */
export const OP_CONV2D: u32 = 32;

/** dx += */
export const OP_CONV2D_BACKWARD_INPUT: u32 = 33;

/** dw += or -= lr * */
export const OP_CONV2D_BACKWARD_WEIGHTS: u32 = 34;

/** as conv2d, w int8 with one scale per output channel */
export const OP_QCONV2D: u32 = 35;

/** dx += */
export const OP_QCONV2D_BACKWARD_INPUT: u32 = 36;

/** y(oh,ow,c) += x(ih,iw,c) by w(kh,kw,c), one filter per channel */
export const OP_DEPTHWISE2D: u32 = 48;

/** dx += */
export const OP_DEPTHWISE2D_BACKWARD_INPUT: u32 = 49;

/** dw(kh,kw,c) += or -= lr * */
export const OP_DEPTHWISE2D_BACKWARD_WEIGHTS: u32 = 50;

/** as depthwise2d, w int8 with one scale per channel */
export const OP_QDEPTHWISE2D: u32 = 51;

/** dx += */
export const OP_QDEPTHWISE2D_BACKWARD_INPUT: u32 = 52;

/** db(c) += or -= lr * column sums of dy(p,c) */
export const OP_BIAS_BACKWARD: u32 = 64;

/** y(p,c) = x * s(c) + b(c); y may be x */
export const OP_SCALE_BIAS: u32 = 65;

/** dx = dy * s; dx may be dy */
export const OP_SCALE_BACKWARD_INPUT: u32 = 66;

/** ds(c) += or -= lr * column sums of dy . x */
export const OP_SCALE_BACKWARD_SCALE: u32 = 67;

/** in place */
export const OP_ACTIVATION: u32 = 80;

/** relu or relu6 in place, bit i of mask (n bits, rounded up to words) = 1 where the derivative is 1 */
export const OP_ACTIVATION_MASK: u32 = 81;

/** dy *= f'(x), from the output y, in place */
export const OP_ACTIVATION_BACKWARD: u32 = 82;

/** dy := 0 where the bit is 0 */
export const OP_ACTIVATION_BACKWARD_MASK: u32 = 83;

/** winner(oh,ow,c) u8: index in the window of the first maximum; none when not saved. kh*kw <= 255, no padding */
export const OP_MAX_POOL2D: u32 = 96;

/** dx += */
export const OP_MAX_POOL2D_BACKWARD: u32 = 97;

/** y = mean of the window (global: kh = ih, kw = iw) */
export const OP_AVERAGE_POOL2D: u32 = 98;

/** dx += */
export const OP_AVERAGE_POOL2D_BACKWARD: u32 = 99;

/** p = softmax(z); p may be z */
export const OP_SOFTMAX: u32 = 112;

/** dz = softmax(z) - onehot(label); loss = -log p[label]; dz may be z */
export const OP_SOFTMAX_CROSS_ENTROPY: u32 = 113;

/** loss = mean (y-t)^2; dy = 2 (y-t) / n; dy none: loss only; dy may be y */
export const OP_MEAN_SQUARED_ERROR: u32 = 114;

/** g *= scale; if clipNorm > 0 and |g| > clipNorm: g *= clipNorm/|g|; g += weightDecay w; v = momentum v + g (v none: v = g); w -= lr v; g := 0 */
export const OP_UPDATE: u32 = 128;
