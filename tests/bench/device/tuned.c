// Tuned C: the network of floor.c by the algorithms of the BLAS, written by hand for a Cortex-M4F and compiled with
// -O3. Several outputs at once share their loads, and each load steps its own pointer, so a multiply-add takes three
// instructions instead of six, or less where one load brings two floats. Loops are unrolled twice; four times, the
// compiler would no longer let loads step their pointers. -ffp-contract=off, as everywhere: products are rounded, and
// sums taken in the BLAS's order, to the bit.
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
    float *weights, *bias;
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

// ---- two floats in one load, which a Cortex-M4 does from any word's address

typedef uint64_t __attribute__((may_alias)) pair;

static inline float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

// Both: row `r`, of which `p` is the next element.
#define PRODUCT(sum, p, u, v)                                                                                          \
    do {                                                                                                               \
        pair both = *(const pair *)(const void *)(p);                                                                  \
        (p) += 2, (sum) += (u)*float_of((uint32_t)both), (sum) += (v)*float_of((uint32_t)(both >> 32));                \
    } while (0)

// ---- products of rows with one vector; a row is `stride` floats behind the one before

static inline float dot(const float *w, const float *x, int n) {
    float sum = 0;
#pragma GCC unroll 2
    for (const float *end = x + n; x < end;) sum += *w++ * *x++;
    return sum;
}

static inline float dot_int8(const int8_t *w, const float *x, int n) {
    float sum = 0;
    for (const float *end = x + n; x < end;) sum += *w++ * *x++;
    return sum;
}

#define DOT8(T)                                                                                                        \
    const T *w1 = w + n, *w2 = w1 + n, *w3 = w2 + n, *w4 = w3 + n, *w5 = w4 + n, *w6 = w5 + n, *w7 = w6 + n;           \
    float s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;                                              \
    _Pragma("GCC unroll 2") for (const float *end = x + n; x < end;) {                                                 \
        float u = *x++;                                                                                                \
        s0 += *w++ * u, s1 += *w1++ * u, s2 += *w2++ * u, s3 += *w3++ * u;                                             \
        s4 += *w4++ * u, s5 += *w5++ * u, s6 += *w6++ * u, s7 += *w7++ * u;                                            \
    }                                                                                                                  \
    sum[0] = s0, sum[1] = s1, sum[2] = s2, sum[3] = s3, sum[4] = s4, sum[5] = s5, sum[6] = s6, sum[7] = s7

static inline void dot8(float sum[8], const float *w, const float *x, int n) {
    const float *w1 = w + n, *w2 = w1 + n, *w3 = w2 + n, *w4 = w3 + n, *w5 = w4 + n, *w6 = w5 + n, *w7 = w6 + n;
    float s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
    const float *end = x + n;
    for (const float *even = x + (n & ~1); x < even;) {
        float u = *x++, v = *x++;
        PRODUCT(s0, w, u, v);
        PRODUCT(s1, w1, u, v);
        PRODUCT(s2, w2, u, v);
        PRODUCT(s3, w3, u, v);
        PRODUCT(s4, w4, u, v);
        PRODUCT(s5, w5, u, v);
        PRODUCT(s6, w6, u, v);
        PRODUCT(s7, w7, u, v);
    }
    if (x < end) {
        s0 += *w * *x, s1 += *w1 * *x, s2 += *w2 * *x, s3 += *w3 * *x;
        s4 += *w4 * *x, s5 += *w5 * *x, s6 += *w6 * *x, s7 += *w7 * *x;
    }
    sum[0] = s0, sum[1] = s1, sum[2] = s2, sum[3] = s3, sum[4] = s4, sum[5] = s5, sum[6] = s6, sum[7] = s7;
}
static inline void dot8_int8(float sum[8], const int8_t *w, const float *x, int n) { DOT8(int8_t); }

#define DOT4(T)                                                                                                        \
    const T *w1 = w + n, *w2 = w1 + n, *w3 = w2 + n;                                                                   \
    float s0 = 0, s1 = 0, s2 = 0, s3 = 0;                                                                              \
    _Pragma("GCC unroll 2") for (const float *end = x + n; x < end;) {                                                 \
        float u = *x++;                                                                                                \
        s0 += *w++ * u, s1 += *w1++ * u, s2 += *w2++ * u, s3 += *w3++ * u;                                             \
    }                                                                                                                  \
    sum[0] = s0, sum[1] = s1, sum[2] = s2, sum[3] = s3

static inline void dot4(float sum[4], const float *w, const float *x, int n) {
    const float *w1 = w + n, *w2 = w1 + n, *w3 = w2 + n, *end = x + n;
    float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (const float *even = x + (n & ~1); x < even;) {
        float u = *x++, v = *x++;
        PRODUCT(s0, w, u, v);
        PRODUCT(s1, w1, u, v);
        PRODUCT(s2, w2, u, v);
        PRODUCT(s3, w3, u, v);
    }
    if (x < end) s0 += *w * *x, s1 += *w1 * *x, s2 += *w2 * *x, s3 += *w3 * *x;
    sum[0] = s0, sum[1] = s1, sum[2] = s2, sum[3] = s3;
}
static inline void dot4_int8(float sum[4], const int8_t *w, const float *x, int n) { DOT4(int8_t); }

static NOINLINE void dense(float *y, const float *w, const float *b, const float *x, int outputs, int n) {
    float sum[8];
    for (; outputs >= 8; outputs -= 8, w += 8 * n, b += 8, y += 8) {
        dot8(sum, w, x, n);
        for (int i = 0; i < 8; i++) y[i] = b[i] + sum[i];
    }
    if (outputs >= 4) {
        dot4(sum, w, x, n);
        for (int i = 0; i < 4; i++) *y++ = *b++ + sum[i];
        outputs -= 4, w += 4 * n;
    }
    for (; outputs > 0; outputs--, w += n) *y++ = *b++ + dot(w, x, n);
}

static NOINLINE void dense_int8(float *y, const int8_t *w, const float *s, const float *b, const float *x, int outputs,
                                int n) {
    float sum[8];
    for (; outputs >= 8; outputs -= 8, w += 8 * n, s += 8, b += 8, y += 8) {
        dot8_int8(sum, w, x, n);
        for (int i = 0; i < 8; i++) y[i] = b[i] + s[i] * sum[i];
    }
    if (outputs >= 4) {
        dot4_int8(sum, w, x, n);
        for (int i = 0; i < 4; i++) *y++ = *b++ + *s++ * sum[i];
        outputs -= 4, w += 4 * n;
    }
    for (; outputs > 0; outputs--, w += n) *y++ = *b++ + *s++ * dot_int8(w, x, n);
}

// ---- one row plus multiples of others: y += k[0] x[0] + k[1] x[1] + ..., in that order

static inline void axpy(float *y, float k, const float *x, int n) {
#pragma GCC unroll 2
    for (float *end = y + n; y < end;) *y++ += k * *x++;
}

static inline void axpy_int8(float *y, float k, const int8_t *x, int n) {
    for (float *end = y + n; y < end;) *y++ += k * *x++;
}

#define AXPY4(T)                                                                                                       \
    const T *x0 = x[0], *x1 = x[1], *x2 = x[2], *x3 = x[3];                                                            \
    float k0 = k[0], k1 = k[1], k2 = k[2], k3 = k[3];                                                                  \
    for (float *end = y + n; y < end;) {                                                                               \
        float v = *y;                                                                                                  \
        v += k0 * *x0++, v += k1 * *x1++, v += k2 * *x2++, v += k3 * *x3++;                                            \
        *y++ = v;                                                                                                      \
    }

static inline void axpy4(float *y, const float *k, const float *const *x, int n) { AXPY4(float) }
static inline void axpy4_int8(float *y, const float *k, const int8_t *const *x, int n) { AXPY4(int8_t) }

// To two columns, u and v.
#define MULTIPLE(k, x)                                                                                                 \
    do {                                                                                                               \
        pair both = *(const pair *)(const void *)(x);                                                                  \
        (x) += 2, u += (k)*float_of((uint32_t)both), v += (k)*float_of((uint32_t)(both >> 32));                        \
    } while (0)

#define AXPY8(T)                                                                                                       \
    const T *x0 = x[0], *x1 = x[1], *x2 = x[2], *x3 = x[3], *x4 = x[4], *x5 = x[5], *x6 = x[6], *x7 = x[7];            \
    float k0 = k[0], k1 = k[1], k2 = k[2], k3 = k[3], k4 = k[4], k5 = k[5], k6 = k[6], k7 = k[7];                      \
    for (float *end = y + n; y < end;) {                                                                               \
        float v = *y;                                                                                                  \
        v += k0 * *x0++, v += k1 * *x1++, v += k2 * *x2++, v += k3 * *x3++;                                            \
        v += k4 * *x4++, v += k5 * *x5++, v += k6 * *x6++, v += k7 * *x7++;                                            \
        *y++ = v;                                                                                                      \
    }

static inline void axpy8(float *y, const float *k, const float *const *x, int n) {
    const float *x0 = x[0], *x1 = x[1], *x2 = x[2], *x3 = x[3], *x4 = x[4], *x5 = x[5], *x6 = x[6], *x7 = x[7];
    float k0 = k[0], k1 = k[1], k2 = k[2], k3 = k[3], k4 = k[4], k5 = k[5], k6 = k[6], k7 = k[7];
    float *end = y + n;
    for (float *even = y + (n & ~1); y < even;) {
        float u = y[0], v = y[1];
        MULTIPLE(k0, x0);
        MULTIPLE(k1, x1);
        MULTIPLE(k2, x2);
        MULTIPLE(k3, x3);
        MULTIPLE(k4, x4);
        MULTIPLE(k5, x5);
        MULTIPLE(k6, x6);
        MULTIPLE(k7, x7);
        *y++ = u, *y++ = v;
    }
    if (y < end) {
        float v = *y;
        v += k0 * *x0, v += k1 * *x1, v += k2 * *x2, v += k3 * *x3;
        v += k4 * *x4, v += k5 * *x5, v += k6 * *x6, v += k7 * *x7;
        *y = v;
    }
}
static inline void axpy8_int8(float *y, const float *k, const int8_t *const *x, int n) { AXPY8(int8_t) }

// The rows of a window, `line` floats apart in y, `row` elements apart in the others.
#define WINDOW(TYPE, AXPY, AXPY4, AXPY8)                                                                               \
    for (int q = 0; q < rows; q++, y += line) {                                                                        \
        const TYPE *at[8];                                                                                             \
        for (int i = 0; i < count; i++) at[i] = x[i] + q * step;                                                       \
        if (count == 8)                                                                                                \
            AXPY8(y, k, at, n);                                                                                        \
        else {                                                                                                         \
            int i = 0;                                                                                                 \
            if (count >= 4) AXPY4(y, k, at, n), i = 4;                                                                 \
            for (; i < count; i++) AXPY(y, k[i], at[i], n);                                                            \
        }                                                                                                              \
    }

static inline void add_windows(float *y, const float *k, const float *const *x, int count, int rows, int line, int step,
                               int n) {
    WINDOW(float, axpy, axpy4, axpy8)
}
static inline void add_windows_int8(float *y, const float *k, const int8_t *const *x, int count, int rows, int line,
                                    int step, int n) {
    WINDOW(int8_t, axpy_int8, axpy4_int8, axpy8_int8)
}

static NOINLINE void dense_to_input(float *dx, const float *w, const float *dy, int outputs, int n) {
    float k[8];
    const float *row[8];
    int count = 0;
    memset(dx, 0, (size_t)n * 4);
    for (int o = 0; o < outputs; o++, w += n) {
        if (dy[o] != 0) k[count] = dy[o], row[count++] = w;
        if (count == 8) add_windows(dx, k, row, 8, 1, 0, 0, n), count = 0;
    }
    add_windows(dx, k, row, count, 1, 0, 0, n);
}

static NOINLINE void dense_to_input_int8(float *dx, const int8_t *w, const float *s, const float *dy, int outputs,
                                         int n) {
    float k[8];
    const int8_t *row[8];
    int count = 0;
    memset(dx, 0, (size_t)n * 4);
    for (int o = 0; o < outputs; o++, w += n) {
        if (dy[o] != 0) k[count] = dy[o] * s[o], row[count++] = w;
        if (count == 8) add_windows_int8(dx, k, row, 8, 1, 0, 0, n), count = 0;
    }
    add_windows_int8(dx, k, row, count, 1, 0, 0, n);
}

// ---- multiples of one row plus others: y[i] += k[i] x

#define ADD_OUTER(y, k)                                                                                                \
    do {                                                                                                               \
        pair low = *(const pair *)(const void *)(y), high = *(const pair *)(const void *)((y) + 2);                    \
        float a = float_of((uint32_t)low) + (k)*u0, b = float_of((uint32_t)(low >> 32)) + (k)*u1;                      \
        float c = float_of((uint32_t)high) + (k)*u2, d = float_of((uint32_t)(high >> 32)) + (k)*u3;                    \
        *(y)++ = a, *(y)++ = b, *(y)++ = c, *(y)++ = d;                                                                \
    } while (0)

static inline void ger8(float *const *y, const float *k, const float *x, int n) {
    float *y0 = y[0], *y1 = y[1], *y2 = y[2], *y3 = y[3], *y4 = y[4], *y5 = y[5], *y6 = y[6], *y7 = y[7];
    float k0 = k[0], k1 = k[1], k2 = k[2], k3 = k[3], k4 = k[4], k5 = k[5], k6 = k[6], k7 = k[7];
    const float *end = x + n;
    for (const float *fours = x + (n & ~3); x < fours;) {
        float u0 = *x++, u1 = *x++, u2 = *x++, u3 = *x++;
        ADD_OUTER(y0, k0);
        ADD_OUTER(y1, k1);
        ADD_OUTER(y2, k2);
        ADD_OUTER(y3, k3);
        ADD_OUTER(y4, k4);
        ADD_OUTER(y5, k5);
        ADD_OUTER(y6, k6);
        ADD_OUTER(y7, k7);
    }
    while (x < end) {
        float u = *x++;
        *y0++ += k0 * u, *y1++ += k1 * u, *y2++ += k2 * u, *y3++ += k3 * u;
        *y4++ += k4 * u, *y5++ += k5 * u, *y6++ += k6 * u, *y7++ += k7 * u;
    }
}

static inline void ger4(float *const *y, const float *k, const float *x, int n) {
    float *y0 = y[0], *y1 = y[1], *y2 = y[2], *y3 = y[3];
    float k0 = k[0], k1 = k[1], k2 = k[2], k3 = k[3];
#pragma GCC unroll 2
    for (const float *end = x + n; x < end;) {
        float u = *x++;
        *y0++ += k0 * u, *y1++ += k1 * u, *y2++ += k2 * u, *y3++ += k3 * u;
    }
}

static NOINLINE void dense_descend(float *w, const float *dy, const float *x, float rate, int outputs, int n) {
    float k[8], *row[8];
    int count = 0, i = 0;
    for (int o = 0; o < outputs; o++, w += n) {
        if (dy[o] != 0) k[count] = -rate * dy[o], row[count++] = w;
        if (count == 8) ger8(row, k, x, n), count = 0;
    }
    if (count >= 4) ger4(row, k, x, n), i = 4;
    for (; i < count; i++) axpy(row[i], k[i], x, n);
}

// ---- convolutions: four positions by four filters at a time; filters come in fours

struct window {
    int rows, n, line, filter; // kernel rows, elements of one, floats between them in x; elements of a filter
};

static struct window window_of(const struct layer *l) {
    int n = (int)(l->kw * l->ic);
    return (struct window){(int)l->kh, n, (int)(l->iw * l->ic), (int)l->kh * n};
}

#define TILE(T, STORE)                                                                                                 \
    float a00 = 0, a01 = 0, a02 = 0, a03 = 0, a10 = 0, a11 = 0, a12 = 0, a13 = 0;                                      \
    float a20 = 0, a21 = 0, a22 = 0, a23 = 0, a30 = 0, a31 = 0, a32 = 0, a33 = 0;                                      \
    for (int q = 0; q < g->rows; q++, x += g->line, w += g->n) {                                                       \
        const float *x0 = x, *x1 = x0 + step, *x2 = x1 + step, *x3 = x2 + step;                                        \
        const T *w0 = w, *w1 = w0 + g->filter, *w2 = w1 + g->filter, *w3 = w2 + g->filter;                             \
        for (const float *end = x + g->n; x0 < end;) {                                                                 \
            float u0 = *x0++, u1 = *x1++, u2 = *x2++, u3 = *x3++, v;                                                   \
            v = *w0++, a00 += v * u0, a10 += v * u1, a20 += v * u2, a30 += v * u3;                                     \
            v = *w1++, a01 += v * u0, a11 += v * u1, a21 += v * u2, a31 += v * u3;                                     \
            v = *w2++, a02 += v * u0, a12 += v * u1, a22 += v * u2, a32 += v * u3;                                     \
            v = *w3++, a03 += v * u0, a13 += v * u1, a23 += v * u2, a33 += v * u3;                                     \
        }                                                                                                              \
    }                                                                                                                  \
    STORE(a00, a01, a02, a03);                                                                                         \
    y += between;                                                                                                      \
    STORE(a10, a11, a12, a13);                                                                                         \
    y += between;                                                                                                      \
    STORE(a20, a21, a22, a23);                                                                                         \
    y += between;                                                                                                      \
    STORE(a30, a31, a32, a33)
#define STORE(a, b_, c, d) y[0] = b[0] + a, y[1] = b[1] + b_, y[2] = b[2] + c, y[3] = b[3] + d
#define STORE_SCALED(a, b_, c, d)                                                                                      \
    y[0] = b[0] + s[0] * a, y[1] = b[1] + s[1] * b_, y[2] = b[2] + s[2] * c, y[3] = b[3] + s[3] * d

// `between` floats lie between the outputs of two positions, `step` between their windows.
static inline void tile(float *y, int between, const float *w, const float *b, const float *x, int step,
                        const struct window *g) {
    TILE(float, STORE);
}
static inline void tile_int8(float *y, int between, const int8_t *w, const float *s, const float *b, const float *x,
                             int step, const struct window *g) {
    TILE(int8_t, STORE_SCALED);
}

// One position by four filters, for what four positions leave over.
#define STRIP(T, STORE)                                                                                                \
    float a0 = 0, a1 = 0, a2 = 0, a3 = 0;                                                                              \
    for (int q = 0; q < g->rows; q++, x += g->line, w += g->n) {                                                       \
        const T *w0 = w, *w1 = w0 + g->filter, *w2 = w1 + g->filter, *w3 = w2 + g->filter;                             \
        for (const float *at = x, *end = x + g->n; at < end;) {                                                        \
            float u = *at++;                                                                                           \
            a0 += *w0++ * u, a1 += *w1++ * u, a2 += *w2++ * u, a3 += *w3++ * u;                                        \
        }                                                                                                              \
    }                                                                                                                  \
    STORE(a0, a1, a2, a3)

static inline void strip(float *y, const float *w, const float *b, const float *x, const struct window *g) {
    STRIP(float, STORE);
}
static inline void strip_int8(float *y, const int8_t *w, const float *s, const float *b, const float *x,
                              const struct window *g) {
    STRIP(int8_t, STORE_SCALED);
}

static NOINLINE void convolution(float *y, const float *w, const float *b, const float *x, const struct layer *l) {
    struct window g = window_of(l);
    int oc = (int)l->oc, step = (int)(l->sw * l->ic);
    for (int r = 0; r < (int)l->oh; r++, x += (int)l->sh * g.line) {
        const float *at = x;
        int c = 0;
        for (; c + 4 <= (int)l->ow; c += 4, at += 4 * step, y += 4 * oc)
            for (int o = 0; o < oc; o += 4) tile(y + o, oc, w + o * g.filter, b + o, at, step, &g);
        for (; c < (int)l->ow; c++, at += step, y += oc)
            for (int o = 0; o < oc; o += 4) strip(y + o, w + o * g.filter, b + o, at, &g);
    }
}

static NOINLINE void convolution_int8(float *y, const int8_t *w, const float *s, const float *b, const float *x,
                                      const struct layer *l) {
    struct window g = window_of(l);
    int oc = (int)l->oc, step = (int)(l->sw * l->ic);
    for (int r = 0; r < (int)l->oh; r++, x += (int)l->sh * g.line) {
        const float *at = x;
        int c = 0;
        for (; c + 4 <= (int)l->ow; c += 4, at += 4 * step, y += 4 * oc)
            for (int o = 0; o < oc; o += 4) tile_int8(y + o, oc, w + o * g.filter, s + o, b + o, at, step, &g);
        for (; c < (int)l->ow; c++, at += step, y += oc)
            for (int o = 0; o < oc; o += 4) strip_int8(y + o, w + o * g.filter, s + o, b + o, at, &g);
    }
}

// Each position's window gets what its filters make of their gradients, eight of those that are not zero at a time.
static NOINLINE void convolution_to_input(float *dx, const float *w, const float *dy, const struct layer *l) {
    struct window g = window_of(l);
    int step = (int)(l->sw * l->ic);
    memset(dx, 0, (size_t)((int)l->ih * g.line) * 4);
    for (int r = 0; r < (int)l->oh; r++, dx += (int)l->sh * g.line)
        for (int c = 0; c < (int)l->ow; c++) {
            const float *at = w, *row[8];
            float k[8], *y = dx + c * step;
            int count = 0;
            for (int o = 0; o < (int)l->oc; o++, at += g.filter) {
                if (*dy != 0) k[count] = *dy, row[count++] = at;
                dy++;
                if (count == 8) add_windows(y, k, row, 8, g.rows, g.line, g.n, g.n), count = 0;
            }
            add_windows(y, k, row, count, g.rows, g.line, g.n, g.n);
        }
}

static NOINLINE void convolution_to_input_int8(float *dx, const int8_t *w, const float *s, const float *dy,
                                               const struct layer *l) {
    struct window g = window_of(l);
    int step = (int)(l->sw * l->ic);
    memset(dx, 0, (size_t)((int)l->ih * g.line) * 4);
    for (int r = 0; r < (int)l->oh; r++, dx += (int)l->sh * g.line)
        for (int c = 0; c < (int)l->ow; c++) {
            const int8_t *at = w, *row[8];
            float k[8], *y = dx + c * step;
            int count = 0;
            for (int o = 0; o < (int)l->oc; o++, at += g.filter) {
                if (*dy != 0) k[count] = *dy * s[o], row[count++] = at;
                dy++;
                if (count == 8) add_windows_int8(y, k, row, 8, g.rows, g.line, g.n, g.n), count = 0;
            }
            add_windows_int8(y, k, row, count, g.rows, g.line, g.n, g.n);
        }
}

// Each filter gets the windows whose gradients are not zero, eight at a time.
static NOINLINE void convolution_descend(float *w, const float *dy, const float *x, float rate, const struct layer *l) {
    struct window g = window_of(l);
    int step = (int)(l->sw * l->ic), oc = (int)l->oc;
    for (int o = 0; o < oc; o++, w += g.filter) {
        const float *line = x, *row[8], *at = dy + o;
        float k[8];
        int count = 0;
        for (int r = 0; r < (int)l->oh; r++, line += (int)l->sh * g.line)
            for (int c = 0; c < (int)l->ow; c++, at += oc) {
                if (*at != 0) k[count] = -rate * *at, row[count++] = line + c * step;
                if (count == 8) add_windows(w, k, row, 8, g.rows, g.n, g.line, g.n), count = 0;
            }
        add_windows(w, k, row, count, g.rows, g.n, g.line, g.n);
    }
}

// ---- element by element

static void bias_descend(float *b, const float *dy, float rate, int positions, int channels) {
    int c = 0;
    if (positions == 1) {
        axpy(b, -rate, dy, channels);
        return;
    }
    for (; c + 4 <= channels; c += 4) {
        float b0 = b[c], b1 = b[c + 1], b2 = b[c + 2], b3 = b[c + 3];
        const float *at = dy + c;
        for (int p = 0; p < positions; p++, at += channels)
            b0 -= rate * at[0], b1 -= rate * at[1], b2 -= rate * at[2], b3 -= rate * at[3];
        b[c] = b0, b[c + 1] = b1, b[c + 2] = b2, b[c + 3] = b3;
    }
    for (; c < channels; c++)
        for (int p = 0; p < positions; p++) b[c] -= rate * dy[p * channels + c];
}

static void mean(float *y, const float *x, int positions, int channels) {
    float share = 1.0f / (float)positions;
    for (int c = 0; c < channels; c++) {
        float sum = 0;
        for (int p = 0; p < positions; p++) sum += x[p * channels + c];
        y[c] = sum * share;
    }
}

static void mean_to_input(float *dx, const float *dy, int positions, int channels) {
    float share = 1.0f / (float)positions;
    for (int c = 0; c < channels; c++) {
        float v = dy[c] * share;
        for (int p = 0; p < positions; p++) dx[p * channels + c] = v;
    }
}

static void activate(float *y, int count, uint32_t activation) {
    float *end = y + count;
    if (activation == RELU)
        for (; y < end; y++) *y = *y > 0 ? *y : 0;
    else if (activation == TANH)
        for (; y < end; y++) *y = tanhf(*y);
}

static void activate_back(float *dy, const float *y, int count, uint32_t activation) {
    const float *end = y + count;
    if (activation == RELU) {
        for (; y < end; y++, dy++)
            if (!(*y > 0)) *dy = 0;
    } else if (activation == TANH)
        for (; y < end; y++, dy++) *dy *= 1 - *y * *y;
}

static void softmax(float *p, const float *z, int count) {
    float max = z[0], sum = 0;
    for (int i = 1; i < count; i++)
        if (z[i] > max) max = z[i];
    for (int i = 0; i < count; i++) sum += p[i] = expf(z[i] - max);
    float share = 1 / sum;
    for (int i = 0; i < count; i++) p[i] *= share;
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
        if (l->kind == CONVOLUTION && l->oc % 4 != 0) bench_fail("filters come in fours");
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
