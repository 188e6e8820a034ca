// IEEE 754 arithmetic in integers: add, subtract, multiply, to nearest, ties to even, with subnormals, infinities and
// NaNs. A file that includes this defines first
//
//     WORD          the format's bits: uint32_t or uint64_t
//     MANTISSA      bits of the stored significand: 23 or 52
//     EXPONENTS     the exponent field's largest value: 255 or 2047
//     multiply()    static void (WORD a, WORD b, WORD *high, WORD *low): the double-width product
//
// Numbers on their way are sign, exponent field (1 for subnormals too) and significand with three more bits below it:
// the last stands for all that was shifted out. Judged bit by bit against the host's hardware in
// tests/core/soft_float_test.c.
#include <stdbool.h>
#include <stdint.h>

#define SIGN ((WORD)1 << (8 * sizeof(WORD) - 1))
#define HIDDEN ((WORD)1 << MANTISSA)
#define INFINITE ((WORD)EXPONENTS << MANTISSA)
#define QUIET (HIDDEN >> 1)
#define BIAS (EXPONENTS / 2)

enum { GUARD = 3 };

static inline bool is_nan(WORD bits) { return (bits & ~SIGN) > INFINITE; }
static int exponent_of(WORD bits) { return (int)((bits & ~SIGN) >> MANTISSA); }

static WORD significand_of(WORD bits) {
    WORD fraction = bits & (HIDDEN - 1);
    return exponent_of(bits) == 0 ? fraction : fraction | HIDDEN;
}

// Keeps in the last bit whether anything was lost.
static WORD shift_right(WORD value, int by) {
    int width = 8 * (int)sizeof(WORD);
    if (by <= 0) return value;
    if (by >= width) return value != 0;
    return value >> by | ((value << (width - by)) != 0);
}

// `significand` has its leading one at MANTISSA + GUARD, or below it with `exponent` 1.
static WORD pack(WORD sign, int exponent, WORD significand) {
    if (exponent < 1) {
        significand = shift_right(significand, 1 - exponent);
        exponent = 1;
    }
    WORD rest = significand & 7, rounded = significand >> GUARD;
    rounded += rest > 4 || (rest == 4 && (rounded & 1));
    // The hidden bit, if there is one, and a carry out of the rounding step the exponent up by themselves.
    if (exponent - 1 + (int)(rounded >> MANTISSA) >= EXPONENTS) return sign | INFINITE;
    return sign | (((WORD)(exponent - 1) << MANTISSA) + rounded);
}

static WORD add_bits(WORD a, WORD b) {
    if (is_nan(a)) return a | QUIET;
    if (is_nan(b)) return b | QUIET;
    if ((a & ~SIGN) < (b & ~SIGN)) {
        WORD smaller = a;
        a = b;
        b = smaller;
    }
    bool differ = ((a ^ b) & SIGN) != 0;
    if (exponent_of(a) == EXPONENTS) return exponent_of(b) == EXPONENTS && differ ? INFINITE | QUIET : a;
    int exponent = exponent_of(a) ? exponent_of(a) : 1, other = exponent_of(b) ? exponent_of(b) : 1;
    WORD large = significand_of(a) << GUARD, small = shift_right(significand_of(b) << GUARD, exponent - other);
    WORD sum = differ ? large - small : large + small;
    if (sum == 0) return differ ? 0 : a & SIGN;
    if (sum >> (MANTISSA + GUARD + 1)) {
        sum = shift_right(sum, 1);
        exponent++;
    }
    for (; !(sum >> (MANTISSA + GUARD)) && exponent > 1; exponent--) sum <<= 1;
    return pack(a & SIGN, exponent, sum);
}

// The significand with its leading one at MANTISSA; of a subnormal, the exponent is lowered for it.
static WORD normalised(WORD bits, int *exponent) {
    WORD significand = significand_of(bits);
    *exponent = exponent_of(bits) ? exponent_of(bits) : 1;
    for (; !(significand & HIDDEN); --*exponent) significand <<= 1;
    return significand;
}

// What a product or quotient is when an operand is not an ordinary number. False when both are.
static bool multiply_special(WORD a, WORD b, WORD *result) {
    WORD sign = (a ^ b) & SIGN, x = a & ~SIGN, y = b & ~SIGN;
    bool special = is_nan(a) || is_nan(b) || x == INFINITE || y == INFINITE || x == 0 || y == 0;
    if (!special) return false;
    if (is_nan(a) || is_nan(b))
        *result = (is_nan(a) ? a : b) | QUIET;
    else if (x == INFINITE || y == INFINITE)
        *result = x == 0 || y == 0 ? INFINITE | QUIET : sign | INFINITE;
    else
        *result = sign;
    return true;
}

static WORD multiply_bits(WORD a, WORD b) {
    WORD high, low, result;
    int width = 8 * (int)sizeof(WORD), from_a, from_b;
    if (multiply_special(a, b, &result)) return result;
    WORD x = normalised(a, &from_a), y = normalised(b, &from_b);
    // Leading one of the product: bit 2 * MANTISSA or the one above. It goes to MANTISSA + GUARD.
    multiply(x << GUARD, y << (width - 1 - MANTISSA), &high, &low); // so that `high` holds it at MANTISSA + GUARD - 1
    WORD product = high << 1 | low >> (width - 1);
    product |= (low << 1) != 0;
    int exponent = from_a + from_b - BIAS;
    if (product >> (MANTISSA + GUARD + 1)) {
        product = shift_right(product, 1);
        exponent++;
    }
    return pack((a ^ b) & SIGN, exponent, product);
}

// `magnitude` is not 0.
static inline WORD integer_bits(WORD sign, uint64_t magnitude) {
    int exponent = BIAS + 63;
    for (; !(magnitude >> 63); magnitude <<= 1) exponent--;
    int down = 63 - (MANTISSA + GUARD);
    WORD significand = (WORD)(magnitude >> down) | ((magnitude << (64 - down)) != 0);
    return pack(sign, exponent, significand);
}
