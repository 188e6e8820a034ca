// The floor: a network trained by plain C, as it is written where nothing but clarity counts. One loop nest per
// formula, one buffer per tensor, compiled with -O2. Gradients that are zero, as behind a ReLU, are skipped; nothing
// else is clever.
#include <math.h>
#include <string.h>

#include "harness.h"
#include "network.h"

enum { LAYERS_MAX = 8 };

static float *ram; // all that the board has left
static uint32_t ram_bytes, ram_used;

static const struct network *network;
static float *input;
static struct {
    float *weights, *bias; // what is trained lies in RAM, what is frozen where it came from
    const int8_t *weights8;
    const float *scales;
    float *output, *gradient;
} state[LAYERS_MAX];

static float *take(int floats) {
    float *taken = ram + ram_used / 4;
    ram_used += 4 * (uint32_t)floats;
    if (ram_used > ram_bytes) bench_fail("the network does not fit");
    return taken;
}

// ---- formulas: y outputs, x inputs, w weights, b bias, s scales, dx and dy gradients

static NOINLINE void dense(float *y, const float *w, const float *b, const float *x, int outputs, int inputs) {
    for (int o = 0; o < outputs; o++) {
        float sum = 0;
        for (int i = 0; i < inputs; i++) sum += w[o * inputs + i] * x[i];
        y[o] = b[o] + sum;
    }
}

static NOINLINE void dense_int8(float *y, const int8_t *w, const float *s, const float *b, const float *x, int outputs,
                                int inputs) {
    for (int o = 0; o < outputs; o++) {
        float sum = 0;
        for (int i = 0; i < inputs; i++) sum += w[o * inputs + i] * x[i];
        y[o] = b[o] + s[o] * sum;
    }
}

static NOINLINE void dense_to_input(float *dx, const float *w, const float *dy, int outputs, int inputs) {
    for (int i = 0; i < inputs; i++) dx[i] = 0;
    for (int o = 0; o < outputs; o++) {
        float g = dy[o];
        if (g == 0) continue;
        for (int i = 0; i < inputs; i++) dx[i] += w[o * inputs + i] * g;
    }
}

static NOINLINE void dense_to_input_int8(float *dx, const int8_t *w, const float *s, const float *dy, int outputs,
                                         int inputs) {
    for (int i = 0; i < inputs; i++) dx[i] = 0;
    for (int o = 0; o < outputs; o++) {
        float g = dy[o] * s[o];
        if (g == 0) continue;
        for (int i = 0; i < inputs; i++) dx[i] += w[o * inputs + i] * g;
    }
}

static NOINLINE void dense_descend(float *w, const float *dy, const float *x, float rate, int outputs, int inputs) {
    for (int o = 0; o < outputs; o++) {
        float g = rate * dy[o];
        if (g == 0) continue;
        for (int i = 0; i < inputs; i++) w[o * inputs + i] -= g * x[i];
    }
}

// A row of a window lies together: kw positions of all channels.
static NOINLINE void convolution(float *y, const float *w, const float *b, const float *x, const struct layer *l) {
    int row = (int)(l->kw * l->ic), line = (int)(l->iw * l->ic), rows = (int)l->kh;
    for (int r = 0; r < (int)l->oh; r++)
        for (int c = 0; c < (int)l->ow; c++)
            for (int o = 0; o < (int)l->oc; o++) {
                const float *window = x + r * (int)l->sh * line + c * (int)(l->sw * l->ic);
                const float *filter = w + o * rows * row;
                float sum = 0;
                for (int q = 0; q < rows; q++)
                    for (int i = 0; i < row; i++) sum += filter[q * row + i] * window[q * line + i];
                *y++ = b[o] + sum;
            }
}

static NOINLINE void convolution_int8(float *y, const int8_t *w, const float *s, const float *b, const float *x,
                                      const struct layer *l) {
    int row = (int)(l->kw * l->ic), line = (int)(l->iw * l->ic), rows = (int)l->kh;
    for (int r = 0; r < (int)l->oh; r++)
        for (int c = 0; c < (int)l->ow; c++)
            for (int o = 0; o < (int)l->oc; o++) {
                const float *window = x + r * (int)l->sh * line + c * (int)(l->sw * l->ic);
                const int8_t *filter = w + o * rows * row;
                float sum = 0;
                for (int q = 0; q < rows; q++)
                    for (int i = 0; i < row; i++) sum += filter[q * row + i] * window[q * line + i];
                *y++ = b[o] + s[o] * sum;
            }
}

static NOINLINE void convolution_to_input(float *dx, const float *w, const float *dy, const struct layer *l) {
    int row = (int)(l->kw * l->ic), line = (int)(l->iw * l->ic), rows = (int)l->kh;
    for (int i = 0; i < (int)l->ih * line; i++) dx[i] = 0;
    for (int r = 0; r < (int)l->oh; r++)
        for (int c = 0; c < (int)l->ow; c++)
            for (int o = 0; o < (int)l->oc; o++) {
                float *window = dx + r * (int)l->sh * line + c * (int)(l->sw * l->ic);
                const float *filter = w + o * rows * row;
                float g = *dy++;
                if (g == 0) continue;
                for (int q = 0; q < rows; q++)
                    for (int i = 0; i < row; i++) window[q * line + i] += filter[q * row + i] * g;
            }
}

static NOINLINE void convolution_to_input_int8(float *dx, const int8_t *w, const float *s, const float *dy,
                                               const struct layer *l) {
    int row = (int)(l->kw * l->ic), line = (int)(l->iw * l->ic), rows = (int)l->kh;
    for (int i = 0; i < (int)l->ih * line; i++) dx[i] = 0;
    for (int r = 0; r < (int)l->oh; r++)
        for (int c = 0; c < (int)l->ow; c++)
            for (int o = 0; o < (int)l->oc; o++) {
                float *window = dx + r * (int)l->sh * line + c * (int)(l->sw * l->ic);
                const int8_t *filter = w + o * rows * row;
                float g = *dy++ * s[o];
                if (g == 0) continue;
                for (int q = 0; q < rows; q++)
                    for (int i = 0; i < row; i++) window[q * line + i] += filter[q * row + i] * g;
            }
}

static NOINLINE void convolution_descend(float *w, const float *dy, const float *x, float rate, const struct layer *l) {
    int row = (int)(l->kw * l->ic), line = (int)(l->iw * l->ic), rows = (int)l->kh;
    for (int r = 0; r < (int)l->oh; r++)
        for (int c = 0; c < (int)l->ow; c++)
            for (int o = 0; o < (int)l->oc; o++) {
                const float *window = x + r * (int)l->sh * line + c * (int)(l->sw * l->ic);
                float *filter = w + o * rows * row;
                float g = rate * *dy++;
                if (g == 0) continue;
                for (int q = 0; q < rows; q++)
                    for (int i = 0; i < row; i++) filter[q * row + i] -= g * window[q * line + i];
            }
}

static NOINLINE void bias_descend(float *b, const float *dy, float rate, int positions, int channels) {
    for (int p = 0; p < positions; p++)
        for (int c = 0; c < channels; c++) b[c] -= rate * dy[p * channels + c];
}

static void mean(float *y, const float *x, int positions, int channels) {
    for (int c = 0; c < channels; c++) y[c] = 0;
    for (int p = 0; p < positions; p++)
        for (int c = 0; c < channels; c++) y[c] += x[p * channels + c];
    for (int c = 0; c < channels; c++) y[c] *= 1.0f / (float)positions;
}

static void mean_to_input(float *dx, const float *dy, int positions, int channels) {
    for (int p = 0; p < positions; p++)
        for (int c = 0; c < channels; c++) dx[p * channels + c] = dy[c] * (1.0f / (float)positions);
}

static void activate(float *y, int count, uint32_t activation) {
    if (activation == RELU)
        for (int i = 0; i < count; i++) y[i] = y[i] > 0 ? y[i] : 0;
    else if (activation == TANH)
        for (int i = 0; i < count; i++) y[i] = tanhf(y[i]);
}

static void activate_back(float *dy, const float *y, int count, uint32_t activation) {
    if (activation == RELU) {
        for (int i = 0; i < count; i++)
            if (y[i] <= 0) dy[i] = 0;
    } else if (activation == TANH)
        for (int i = 0; i < count; i++) dy[i] *= 1 - y[i] * y[i];
}

static void softmax(float *p, const float *z, int count) {
    float max = z[0], sum = 0;
    for (int i = 1; i < count; i++)
        if (z[i] > max) max = z[i];
    for (int i = 0; i < count; i++) sum += p[i] = expf(z[i] - max);
    for (int i = 0; i < count; i++) p[i] *= 1 / sum;
}

static const float *normalisation(uint32_t at) { return (const float *)(const void *)((const uint8_t *)network + at); }

static void read_sample(float *x, const uint8_t *sample) {
    const float *scale = normalisation(network->scale_at), *offset = normalisation(network->offset_at);
    const int16_t *words = (const int16_t *)(const void *)sample;
    const float *floats = (const float *)(const void *)sample;
    int channels = (int)network->channels, positions = (int)network->elements / channels;
    for (int p = 0; p < positions; p++, x += channels) {
        if (network->sample_form == U8_SAMPLE)
            for (int c = 0; c < channels; c++) x[c] = *sample++ * scale[c] + offset[c];
        else if (network->sample_form == I16_SAMPLE)
            for (int c = 0; c < channels; c++) x[c] = *words++ * scale[c] + offset[c];
        else
            for (int c = 0; c < channels; c++) x[c] = *floats++ * scale[c] + offset[c];
    }
}

// ---- the network

static int outputs_of(const struct layer *l) { return (int)(l->oh * l->ow * l->oc); }
static int inputs_of(const struct layer *l) { return (int)(l->ih * l->iw * l->ic); }
static const float *input_of(int n) { return n == 0 ? input : state[n - 1].output; }

static void forward_layer(int n) {
    const struct layer *l = &network->layer[n];
    const float *x = input_of(n);
    if (l->kind == MEAN)
        mean(state[n].output, x, (int)(l->ih * l->iw), (int)l->ic);
    else if (l->kind == DENSE && l->form == INT8_WEIGHTS)
        dense_int8(state[n].output, state[n].weights8, state[n].scales, state[n].bias, x, outputs_of(l), inputs_of(l));
    else if (l->kind == DENSE)
        dense(state[n].output, state[n].weights, state[n].bias, x, outputs_of(l), inputs_of(l));
    else if (l->form == INT8_WEIGHTS)
        convolution_int8(state[n].output, state[n].weights8, state[n].scales, state[n].bias, x, l);
    else
        convolution(state[n].output, state[n].weights, state[n].bias, x, l);
    activate(state[n].output, outputs_of(l), l->activation);
}

static void to_input(int n) {
    const struct layer *l = &network->layer[n];
    float *dx = state[n - 1].gradient, *dy = state[n].gradient;
    if (l->kind == MEAN)
        mean_to_input(dx, dy, (int)(l->ih * l->iw), (int)l->ic);
    else if (l->kind == DENSE && l->form == INT8_WEIGHTS)
        dense_to_input_int8(dx, state[n].weights8, state[n].scales, dy, outputs_of(l), inputs_of(l));
    else if (l->kind == DENSE)
        dense_to_input(dx, state[n].weights, dy, outputs_of(l), inputs_of(l));
    else if (l->form == INT8_WEIGHTS)
        convolution_to_input_int8(dx, state[n].weights8, state[n].scales, dy, l);
    else
        convolution_to_input(dx, state[n].weights, dy, l);
}

static void backward_layer(int n, int deepest, float rate) {
    const struct layer *l = &network->layer[n];
    float *dy = state[n].gradient;
    activate_back(dy, state[n].output, outputs_of(l), l->activation);
    if (n > deepest) to_input(n);
    if (l->trains_bias) bias_descend(state[n].bias, dy, rate, (int)(l->oh * l->ow), (int)l->oc);
    if (l->trains_weights && l->kind == DENSE)
        dense_descend(state[n].weights, dy, input_of(n), rate, outputs_of(l), inputs_of(l));
    else if (l->trains_weights)
        convolution_descend(state[n].weights, dy, input_of(n), rate, l);
}

static float loss_of(int label) {
    int last = (int)network->layers - 1, count = outputs_of(&network->layer[last]);
    float *y = state[last].output, *dy = state[last].gradient, loss = 0;
    if (network->is_classifier) {
        softmax(dy, y, count);
        loss = -logf(dy[label]);
        dy[label] -= 1;
        return loss;
    }
    for (int i = 0; i < count; i++) {
        float error = y[i] - input[i];
        loss += error * error;
        dy[i] = 2.0f / (float)count * error;
    }
    return loss / (float)count;
}

static void forward(const uint8_t *sample) {
    read_sample(input, sample);
    for (int n = 0; n < (int)network->layers; n++) forward_layer(n);
}

static int deepest_trained(void) {
    for (int n = 0;; n++)
        if (network->layer[n].trains_weights || network->layer[n].trains_bias) return n;
}

float bench_step(uint32_t sample) {
    int label, deepest = deepest_trained();
    forward(bench_sample(sample, &label));
    float loss = loss_of(label);
    for (int n = (int)network->layers - 1; n >= deepest; n--)
        backward_layer(n, deepest, bench_parts()->head->learning_rate);
    return loss;
}

void bench_infer(uint32_t sample) {
    int label, last = (int)network->layers - 1;
    forward(bench_sample(sample, &label));
    if (network->is_classifier) softmax(state[last].output, state[last].output, outputs_of(&network->layer[last]));
}

// ---- opening and telling

static int weights_of(const struct layer *l) {
    return l->kind == MEAN ? 0 : l->kind == DENSE ? outputs_of(l) * inputs_of(l) : (int)(l->oc * l->kh * l->kw * l->ic);
}

static float *part(uint32_t at, int floats, int trained) {
    const uint8_t *place = (const uint8_t *)network + at;
    if (!trained) return (float *)(uintptr_t)place; // never written
    return memcpy(take(floats), place, (size_t)floats * 4);
}

void bench_open(void) {
    uint32_t *stack;
    uint8_t *pool;
    board_memory_parts(&stack, &pool, &ram_bytes);
    ram = (float *)(void *)pool;
    network = (const void *)bench_parts()->network;
    input = take((int)network->elements);
    int deepest = deepest_trained();
    for (int n = 0; n < (int)network->layers; n++) {
        const struct layer *l = &network->layer[n];
        if (l->form == FLOAT_WEIGHTS) state[n].weights = part(l->weights_at, weights_of(l), (int)l->trains_weights);
        state[n].weights8 = (const int8_t *)network + l->weights_at;
        state[n].scales = (const float *)(const void *)((const uint8_t *)network + l->scales_at);
        state[n].bias = part(l->bias_at, (int)l->oc, (int)l->trains_bias);
        state[n].output = take(outputs_of(l));
        if (n >= deepest) state[n].gradient = take(outputs_of(l));
    }
    bench_tell1("arena", ram_used);
    bench_tell1("engine", 0);
}

void bench_close(void) {
    int last = (int)network->layers - 1;
    for (int n = 0; n <= last; n++) {
        const struct layer *l = &network->layer[n];
        if (l->trains_weights) bench_tell_values("trained", state[n].weights, (uint32_t)weights_of(l));
        if (l->trains_bias) bench_tell_values("trained", state[n].bias, l->oc);
    }
    bench_tell_values("output", state[last].output, (uint32_t)outputs_of(&network->layer[last]));
}
