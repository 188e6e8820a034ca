// A network as the C programs of the benchmark read it from the case (tests/bench/device/network.ts writes it): layers
// in order, weights and biases behind them. Offsets are bytes from the head; trained parts are copied into RAM.
#ifndef NETWORK_H
#define NETWORK_H

#include <stdint.h>

// For a function of its own: inlined into another one, its loops would not get all registers.
#define NOINLINE __attribute__((noinline))

enum layer_kind { DENSE, CONVOLUTION, MEAN }; // MEAN: over all positions, per channel
enum activation { NO_ACTIVATION, RELU, TANH };
enum weight_form { FLOAT_WEIGHTS, INT8_WEIGHTS }; // int8: one scale per output
enum sample_form { U8_SAMPLE, I16_SAMPLE, FLOAT_SAMPLE };

// Channels last; weights (outputs, kh, kw, inputs); no padding.
struct layer {
    uint32_t kind, activation;
    uint32_t ih, iw, ic, oh, ow, oc, kh, kw, sh, sw;
    uint32_t form, weights_at, scales_at, bias_at;
    uint32_t trains_weights, trains_bias;
};

struct network {
    uint32_t layers, is_classifier, sample_form, elements, channels;
    uint32_t scale_at, offset_at; // of the sample, per channel
    uint32_t zero;
    struct layer layer[];
};

#endif
