// The sections of a module (check.h).
#include "guest/check.h"

#include <string.h>

static const char malformed[] = "malformed module";
static const char too_large[] = "the module exceeds a limit of the board";

// ---- bytes ----

uint8_t ftte_check_u8(struct ftte_check_bytes *in) {
    if (in->bad || in->at == in->end) in->bad = true;
    return in->bad ? 0 : *in->at++;
}

uint32_t ftte_check_u32(struct ftte_check_bytes *in) {
    uint32_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
        uint8_t byte = ftte_check_u8(in);
        if (shift == 28 && byte > 15) in->bad = true;
        value |= (uint32_t)(byte & 127) << shift;
        if (byte < 128) break;
    }
    return in->bad ? 0 : value;
}

void ftte_check_signed(struct ftte_check_bytes *in, int bits) {
    uint8_t byte = 128;
    for (int left = bits; byte >= 128 && left > 0; left -= 7) {
        byte = ftte_check_u8(in);
        if (left >= 7) continue;
        // The last byte holds `left` bits, the sign repeated, and no continuation.
        int sign = (int8_t)(byte << 1) >> left;
        if (byte >= 128 || (sign != 0 && sign != -1)) in->bad = true;
    }
    if (byte >= 128) in->bad = true;
}

void ftte_check_skip(struct ftte_check_bytes *in, uint32_t bytes) {
    if (in->bad || bytes > (uint32_t)(in->end - in->at)) in->bad = true;
    if (!in->bad) in->at += bytes;
}

uint8_t ftte_check_type(struct ftte_check_bytes *in) {
    uint8_t type = (uint8_t)(0x7f - ftte_check_u8(in));
    if (type > FTTE_CHECK_F64) in->bad = true;
    return in->bad ? FTTE_CHECK_I32 : type;
}

// ---- sections ----

static const char *types(struct ftte_check *c) {
    c->types = ftte_check_u32(&c->in);
    if (c->types > FTTE_CHECK_TYPES) return too_large;
    for (uint32_t i = 0; i < c->types; i++) {
        struct ftte_check_signature *type = &c->type[i];
        if (ftte_check_u8(&c->in) != 0x60) return malformed;
        uint32_t parameters = ftte_check_u32(&c->in);
        if (parameters > FTTE_CHECK_PARAMETERS) return too_large;
        type->parameters = (uint8_t)parameters;
        for (uint32_t p = 0; p < parameters; p++) type->parameter[p] = ftte_check_type(&c->in);
        uint32_t results = ftte_check_u32(&c->in);
        if (results > 1) return too_large;
        type->result = results ? ftte_check_type(&c->in) : FTTE_CHECK_NONE;
    }
    return NULL;
}

static uint8_t type_of_letter(char letter) {
    return letter == 'f' ? FTTE_CHECK_F32 : letter == 'v' ? FTTE_CHECK_NONE : FTTE_CHECK_I32;
}

// `text` as wasm3 writes signatures: result, then the parameters in brackets; v i f, and * for an address.
static bool matches(const struct ftte_check_signature *type, const char *text) {
    if (type->result != type_of_letter(*text)) return false;
    for (uint32_t p = 0; p < type->parameters; p++)
        if (text[2 + p] == ')' || type->parameter[p] != type_of_letter(text[2 + p])) return false;
    return text[2 + type->parameters] == ')';
}

static struct ftte_check_name name(struct ftte_check *c) {
    uint32_t length = ftte_check_u32(&c->in);
    const uint8_t *text = c->in.at;
    ftte_check_skip(&c->in, length);
    return (struct ftte_check_name){text, length};
}

static const char *imports(struct ftte_check *c, ftte_check_import *find) {
    c->imports = c->functions = ftte_check_u32(&c->in);
    if (c->imports > FTTE_CHECK_FUNCTIONS) return too_large;
    for (uint32_t i = 0; i < c->imports; i++) {
        struct ftte_check_name module = name(c), function = name(c);
        uint8_t kind = ftte_check_u8(&c->in);
        uint32_t type = ftte_check_u32(&c->in);
        if (c->in.bad || kind != 0 || type >= c->types) return malformed;
        const char *signature = find(module, function);
        if (!signature || !matches(&c->type[type], signature)) return "an import that the firmware does not have";
        c->type_of[i] = (uint8_t)type;
    }
    return NULL;
}

static const char *functions(struct ftte_check *c) {
    uint32_t count = ftte_check_u32(&c->in);
    if (count > FTTE_CHECK_FUNCTIONS - c->imports) return too_large;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t type = ftte_check_u32(&c->in);
        if (type >= c->types) return malformed;
        c->type_of[c->functions++] = (uint8_t)type;
    }
    return NULL;
}

// Its size does not matter: the engine gives what it was told to.
static const char *memory(struct ftte_check *c) {
    if (ftte_check_u32(&c->in) != 1) return malformed;
    uint8_t limits = ftte_check_u8(&c->in);
    if (limits > 1) return malformed;
    for (int i = 0; i <= limits; i++) ftte_check_u32(&c->in);
    return NULL;
}

// A constant of the type, and the end.
static bool constant(struct ftte_check *c, uint8_t type) {
    if (ftte_check_u8(&c->in) != 0x41 + type) return false;
    if (type == FTTE_CHECK_I32) ftte_check_signed(&c->in, 32);
    if (type == FTTE_CHECK_I64) ftte_check_signed(&c->in, 64);
    if (type >= FTTE_CHECK_F32) ftte_check_skip(&c->in, type == FTTE_CHECK_F32 ? 4 : 8);
    return ftte_check_u8(&c->in) == 0x0b;
}

static const char *globals(struct ftte_check *c) {
    c->globals = ftte_check_u32(&c->in);
    if (c->globals > FTTE_CHECK_GLOBALS) return too_large;
    for (uint32_t i = 0; i < c->globals; i++) {
        c->global[i] = ftte_check_type(&c->in);
        uint8_t mutable = ftte_check_u8(&c->in);
        if (mutable > 1 || !constant(c, c->global[i])) return malformed;
        c->mutable[i] = mutable;
    }
    return NULL;
}

static const char *exports(struct ftte_check *c) {
    uint32_t count = ftte_check_u32(&c->in);
    for (uint32_t i = 0; i < count && !c->in.bad; i++) {
        ftte_check_skip(&c->in, ftte_check_u32(&c->in));
        uint8_t kind = ftte_check_u8(&c->in);
        uint32_t index = ftte_check_u32(&c->in);
        bool function = kind == 0 && index >= c->imports && index < c->functions;
        if (!function && !(kind == 2 && index == 0) && !(kind == 3 && index < c->globals)) return malformed;
    }
    return NULL;
}

static const char *code(struct ftte_check *c) {
    const uint8_t *end = c->in.end;
    const char *wrong = NULL;
    if (ftte_check_u32(&c->in) != c->functions - c->imports) return malformed;
    for (uint32_t i = c->imports; i < c->functions && !wrong; i++) {
        uint32_t bytes = ftte_check_u32(&c->in);
        if (bytes > FTTE_CHECK_BODY_BYTES) return too_large;
        if (c->in.bad || bytes > (uint32_t)(end - c->in.at)) return malformed;
        c->in.end = c->in.at + bytes;
        wrong = ftte_check_body(c, &c->type[c->type_of[i]]);
        if (!wrong && (c->in.bad || c->in.at != c->in.end)) return malformed;
        c->in.end = end;
    }
    return wrong;
}

static const char *data(struct ftte_check *c) {
    uint32_t count = ftte_check_u32(&c->in);
    for (uint32_t i = 0; i < count && !c->in.bad; i++) {
        if (ftte_check_u32(&c->in) != 0 || !constant(c, FTTE_CHECK_I32)) return malformed;
        ftte_check_skip(&c->in, ftte_check_u32(&c->in));
    }
    return NULL;
}

static const char *section(struct ftte_check *c, uint8_t id, ftte_check_import *find) {
    switch (id) {
    case 1: return types(c);
    case 2: return imports(c, find);
    case 3: return functions(c);
    case 5: return memory(c);
    case 6: return globals(c);
    case 7: return exports(c);
    case 10: return code(c);
    case 11: return data(c);
    default: return "a section that kernels do not have";
    }
}

const char *ftte_check_module(struct ftte_check *check, const uint8_t *wasm, uint32_t bytes, ftte_check_import *find) {
    static const uint8_t header[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    uint32_t seen = 0;
    memset(check, 0, sizeof *check);
    if (bytes < sizeof header || memcmp(wasm, header, sizeof header) != 0) return malformed;
    const uint8_t *end = wasm + bytes;
    check->in = (struct ftte_check_bytes){.at = wasm + sizeof header, .end = end};
    while (check->in.at < end) {
        uint8_t id = ftte_check_u8(&check->in);
        uint32_t length = ftte_check_u32(&check->in);
        if (check->in.bad || length > (uint32_t)(end - check->in.at)) return malformed;
        if (id > 11 || seen >> id) return malformed; // each once, in order
        seen |= 1u << id;
        check->in.end = check->in.at + length;
        const char *wrong = section(check, id, find);
        if (wrong) return wrong;
        if (check->in.bad || check->in.at != check->in.end) return malformed;
        check->in.end = end;
    }
    // A memory, and a body for every function.
    bool whole = (seen & 1u << 5) && (check->functions == check->imports || (seen & 1u << 10));
    return whole ? NULL : malformed;
}
