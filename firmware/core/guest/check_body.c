// The body of a function (check.h): operands and blocks as in the specification's validation algorithm, without its
// unreachable operands, because after a branch nothing but the block's end may follow; where loops turn; and how deep
// operations nest (check.h). An instruction becomes one operation, of which it is said below when it is not so, and
// none when it only names where a value lies: a constant, a local, drop. That is what m3_compile.c emits at most.
#include "guest/check.h"

#include <stddef.h>

enum { BLOCK = 0x02, LOOP = 0x03, IF = 0x04, ELSE = 0x05, END = 0x0b };

static const char types_differ[] = "operands of other types than an instruction takes";
static const char too_large[] = "a function exceeds a limit of the board";
static const char too_deep[] = "a way through a function that nests deeper than the board's stack";
static const char unknown[] = "an instruction that kernels do not have";

static const char *push(struct ftte_check *c, uint8_t type) {
    if (type == FTTE_CHECK_NONE) return NULL;
    if (c->operands == FTTE_CHECK_OPERANDS) return too_large;
    c->operand[c->operands++] = type;
    return NULL;
}

static const char *pop(struct ftte_check *c, uint8_t type) {
    if (type == FTTE_CHECK_NONE) return NULL;
    if (c->operands == c->block[c->depth - 1].height || c->operand[c->operands - 1] != type) return types_differ;
    if (c->held == c->operands) c->held = 0;
    c->operands--;
    return NULL;
}

// ---- nesting ----

enum { LIGHT = FTTE_CHECK_LIGHT_BYTES, HEAVY = FTTE_CHECK_HEAVY_BYTES };

// Further operations. Before any other, a value that is still in the register may have to make room.
static void nest(struct ftte_check *c, uint32_t bytes) {
    c->nested += bytes + (c->held ? LIGHT : 0);
    c->held = 0;
}

static void join(struct ftte_check_block *block, uint32_t nested) {
    if (nested > block->nested) block->nested = nested;
}

// Of an operation on such a type.
static uint32_t weight(uint8_t type) { return type == FTTE_CHECK_I32 ? LIGHT : HEAVY; }

// A result, in a register.
static const char *give(struct ftte_check *c, uint8_t type) {
    const char *wrong = push(c, type);
    if (type != FTTE_CHECK_NONE) c->held = c->operands;
    return wrong;
}

static const char *operate(struct ftte_check *c, uint8_t taken, int times, uint8_t given) {
    const char *wrong = NULL;
    for (int i = 0; i < times && !wrong; i++) wrong = pop(c, taken);
    nest(c, taken == given ? weight(taken) : HEAVY);
    return wrong ? wrong : give(c, given);
}

// ---- blocks ----

static const char *enter(struct ftte_check *c, uint8_t opcode, uint8_t result) {
    if (c->depth == FTTE_CHECK_DEPTH) return too_large;
    struct ftte_check_block *block = &c->block[c->depth];
    *block = (struct ftte_check_block){.opcode = opcode, .result = result, .height = (uint8_t)c->operands};
    block->entry = c->called;
    block->joined = UINT32_MAX;
    block->entry_nested = c->nested;
    if (opcode == LOOP) c->called &= ~(1u << c->depth);
    c->depth++;
    return NULL;
}

// Operands that registers and locals hold, an if's condition too, are copied before what a block does to those.
static const char *open_block(struct ftte_check *c, uint8_t opcode) {
    uint8_t result = FTTE_CHECK_NONE;
    uint32_t copied = c->operands * LIGHT;
    const char *wrong = opcode == IF ? pop(c, FTTE_CHECK_I32) : NULL;
    c->held = 0;
    nest(c, copied + (opcode == LOOP ? HEAVY : opcode == IF ? LIGHT : 0));
    if (c->in.at < c->in.end && *c->in.at == 0x40)
        ftte_check_u8(&c->in);
    else
        result = ftte_check_type(&c->in);
    return wrong ? wrong : enter(c, opcode, result);
}

static void set_dead(struct ftte_check *c) {
    struct ftte_check_block *block = &c->block[c->depth - 1];
    block->dead = true;
    c->operands = block->height;
    c->held = 0;
}

// To put a result where a block's end expects it: into its slot, with another on the way, or the register.
static uint32_t move(uint8_t result) { return result == FTTE_CHECK_NONE ? 0 : 2 * LIGHT; }

// The way that falls through to the innermost block's end or else.
static const char *fall_through(struct ftte_check *c) {
    struct ftte_check_block *block = &c->block[c->depth - 1];
    const char *wrong = block->dead ? NULL : pop(c, block->result);
    if (!block->dead) {
        block->joined &= c->called;
        nest(c, move(block->result) + (block->opcode == ELSE ? LIGHT : 0)); // it jumps over to where the if's end is
        join(block, c->nested);
    }
    return wrong ? wrong : c->operands != block->height ? types_differ : NULL;
}

static const char *turn_to_else(struct ftte_check *c) {
    struct ftte_check_block *block = &c->block[c->depth - 1];
    if (block->opcode != IF) return "an else without an if";
    const char *wrong = fall_through(c);
    block->opcode = ELSE;
    block->dead = false;
    c->called = block->entry;
    c->nested = block->entry_nested;
    return wrong;
}

static const char *leave(struct ftte_check *c) {
    struct ftte_check_block *block = &c->block[c->depth - 1];
    const char *wrong = fall_through(c);
    if (wrong) return wrong;
    if (block->opcode == IF) {
        if (block->result != FTTE_CHECK_NONE) return types_differ;
        block->joined &= block->entry;
        join(block, block->entry_nested);
    }
    c->called = block->joined;
    c->nested = block->nested;
    c->depth--;
    return give(c, block->result);
}

// What a branch to the label finds there: the operand that it takes along stays.
static const char *branch(struct ftte_check *c, uint32_t label) {
    if (label >= c->depth) return "a branch out of the function";
    struct ftte_check_block *target = &c->block[c->depth - 1 - label];
    if (target->opcode == LOOP)
        return c->called >> (c->depth - 1 - label) & 1 ? NULL : "a loop that can turn without a call";
    target->joined &= c->called;
    join(target, c->nested + move(target->result) + LIGHT);
    const char *wrong = pop(c, target->result);
    return wrong ? wrong : push(c, target->result);
}

// What a branch to the label takes along; the label is checked by branch().
static uint8_t taken_along(const struct ftte_check *c, uint32_t label) {
    const struct ftte_check_block *target = &c->block[label < c->depth ? c->depth - 1 - label : 0];
    return target->opcode == LOOP ? FTTE_CHECK_NONE : target->result;
}

static const char *branch_table(struct ftte_check *c) {
    const char *wrong = pop(c, FTTE_CHECK_I32);
    uint32_t count = ftte_check_u32(&c->in);
    uint8_t taken = UINT8_MAX;
    nest(c, 2 * LIGHT); // the index into a slot
    for (uint32_t i = 0; i <= count && !wrong && !c->in.bad; i++) {
        uint32_t label = ftte_check_u32(&c->in);
        wrong = branch(c, label);
        if (i > 0 && taken_along(c, label) != taken) wrong = types_differ;
        taken = taken_along(c, label);
    }
    set_dead(c);
    return wrong;
}

// ---- calls, variables, memory ----

static const char *call(struct ftte_check *c) {
    uint32_t index = ftte_check_u32(&c->in);
    if (index >= c->functions) return "a call of a function that is not there";
    const struct ftte_check_signature *type = &c->type[c->type_of[index]];
    const char *wrong = NULL;
    for (uint32_t p = type->parameters; p > 0 && !wrong; p--) wrong = pop(c, type->parameter[p - 1]);
    c->called = UINT32_MAX;
    nest(c, type->parameters * LIGHT + LIGHT + HEAVY); // each argument to its place; the first time it is translated
    return wrong ? wrong : push(c, type->result);
}

static const char *variable(struct ftte_check *c, uint8_t opcode) {
    uint32_t index = ftte_check_u32(&c->in);
    bool global = opcode >= 0x23;
    if (index >= (global ? c->globals : c->locals)) return "a variable that is not there";
    uint8_t type = global ? c->global[index] : c->local[index];
    if (opcode == 0x24 && !c->mutable[index]) return "a constant that is set";
    if (opcode == 0x20) return push(c, type);
    const char *wrong = opcode == 0x23 ? NULL : pop(c, type);
    nest(c, LIGHT);
    return wrong || opcode == 0x21 || opcode == 0x24 ? wrong : give(c, type);
}

// For opcodes 0x28 (i32.load) to 0x3e (i64.store32): type, and the largest alignment.
static const char *load_or_store(struct ftte_check *c, uint8_t opcode) {
    static const uint8_t accesses[] = {0x02, 0x13, 0x22, 0x33, 0x00, 0x00, 0x01, 0x01, 0x10, 0x10, 0x11, 0x11,
                                       0x12, 0x12, 0x02, 0x13, 0x22, 0x33, 0x00, 0x01, 0x10, 0x11, 0x12};
    uint8_t what = accesses[opcode - 0x28], type = what >> 4;
    if (ftte_check_u32(&c->in) > (what & 15u)) return "a larger alignment than an access has";
    ftte_check_u32(&c->in);
    const char *wrong = opcode >= 0x36 ? pop(c, type) : NULL;
    if (!wrong) wrong = pop(c, FTTE_CHECK_I32);
    nest(c, opcode >= 0x36 ? HEAVY : weight(type));
    return wrong || opcode >= 0x36 ? wrong : give(c, type);
}

static const char *choose(struct ftte_check *c) {
    const char *wrong = pop(c, FTTE_CHECK_I32);
    uint8_t type = c->operands > 0 ? c->operand[c->operands - 1] : FTTE_CHECK_I32;
    return wrong ? wrong : operate(c, type, 2, type);
}

static const char *drop(struct ftte_check *c) {
    return pop(c, c->operands > 0 ? c->operand[c->operands - 1] : FTTE_CHECK_I32);
}

// Constants lie in the function's table, while there is room; then an operation brings them.
static const char *constant(struct ftte_check *c, uint8_t opcode) {
    bool wide = opcode == 0x42 || opcode == 0x44;
    c->constants += 1u + wide;
    if (wide || c->constants > FTTE_CHECK_CONSTANTS) nest(c, LIGHT);
    if (opcode == 0x41) ftte_check_signed(&c->in, 32);
    if (opcode == 0x42) ftte_check_signed(&c->in, 64);
    if (opcode >= 0x43) ftte_check_skip(&c->in, opcode == 0x43 ? 4 : 8);
    return push(c, opcode - 0x41);
}

// ---- arithmetic ----

// Operations 0x45 to 0xc4 in runs that take and give the same; the run ends at `last`.
static const struct run {
    uint8_t last, taken, times, given;
} runs[] = {
    {0x45, FTTE_CHECK_I32, 1, FTTE_CHECK_I32}, {0x4f, FTTE_CHECK_I32, 2, FTTE_CHECK_I32}, // i32.eqz, comparisons
    {0x50, FTTE_CHECK_I64, 1, FTTE_CHECK_I32}, {0x5a, FTTE_CHECK_I64, 2, FTTE_CHECK_I32},
    {0x60, FTTE_CHECK_F32, 2, FTTE_CHECK_I32}, {0x66, FTTE_CHECK_F64, 2, FTTE_CHECK_I32},
    {0x69, FTTE_CHECK_I32, 1, FTTE_CHECK_I32}, {0x78, FTTE_CHECK_I32, 2, FTTE_CHECK_I32}, // i32 clz..., add...
    {0x7b, FTTE_CHECK_I64, 1, FTTE_CHECK_I64}, {0x8a, FTTE_CHECK_I64, 2, FTTE_CHECK_I64},
    {0x91, FTTE_CHECK_F32, 1, FTTE_CHECK_F32}, {0x98, FTTE_CHECK_F32, 2, FTTE_CHECK_F32}, // f32 abs..., add...
    {0x9f, FTTE_CHECK_F64, 1, FTTE_CHECK_F64}, {0xa6, FTTE_CHECK_F64, 2, FTTE_CHECK_F64},
    {0xa7, FTTE_CHECK_I64, 1, FTTE_CHECK_I32}, {0xa9, FTTE_CHECK_F32, 1, FTTE_CHECK_I32}, // i32.wrap, i32.trunc
    {0xab, FTTE_CHECK_F64, 1, FTTE_CHECK_I32}, {0xad, FTTE_CHECK_I32, 1, FTTE_CHECK_I64}, // i64.extend
    {0xaf, FTTE_CHECK_F32, 1, FTTE_CHECK_I64}, {0xb1, FTTE_CHECK_F64, 1, FTTE_CHECK_I64}, // i64.trunc
    {0xb3, FTTE_CHECK_I32, 1, FTTE_CHECK_F32}, {0xb5, FTTE_CHECK_I64, 1, FTTE_CHECK_F32}, // f32.convert
    {0xb6, FTTE_CHECK_F64, 1, FTTE_CHECK_F32}, {0xb8, FTTE_CHECK_I32, 1, FTTE_CHECK_F64}, // f32.demote, f64.convert
    {0xba, FTTE_CHECK_I64, 1, FTTE_CHECK_F64}, {0xbb, FTTE_CHECK_F32, 1, FTTE_CHECK_F64}, // f64.promote
    {0xbc, FTTE_CHECK_F32, 1, FTTE_CHECK_I32}, {0xbd, FTTE_CHECK_F64, 1, FTTE_CHECK_I64}, // reinterpretations
    {0xbe, FTTE_CHECK_I32, 1, FTTE_CHECK_F32}, {0xbf, FTTE_CHECK_I64, 1, FTTE_CHECK_F64},
    {0xc1, FTTE_CHECK_I32, 1, FTTE_CHECK_I32}, {0xc4, FTTE_CHECK_I64, 1, FTTE_CHECK_I64}, // sign extensions
};

static const char *arithmetic(struct ftte_check *c, uint8_t opcode) {
    const struct run *run = runs;
    while (opcode > run->last) run++;
    return operate(c, run->taken, run->times, run->given);
}

// 0xfc 0 to 7: i32 and i64 from f32 and f64, signed and unsigned.
static const char *saturate(struct ftte_check *c) {
    uint8_t opcode = ftte_check_u8(&c->in);
    if (opcode > 7) return unknown;
    return operate(c, opcode & 2 ? FTTE_CHECK_F64 : FTTE_CHECK_F32, 1, opcode & 4 ? FTTE_CHECK_I64 : FTTE_CHECK_I32);
}

// ---- instructions ----

static const char *memory_size(struct ftte_check *c) {
    if (ftte_check_u8(&c->in) != 0) return unknown;
    nest(c, LIGHT);
    return give(c, FTTE_CHECK_I32);
}

static const char *end_of_way(struct ftte_check *c, const char *wrong) {
    set_dead(c);
    return wrong;
}

static const char *branch_if(struct ftte_check *c) {
    const char *wrong = pop(c, FTTE_CHECK_I32);
    uint32_t label = ftte_check_u32(&c->in);
    nest(c, 2 * LIGHT); // the condition into the register, where the label is a loop's
    return wrong ? wrong : branch(c, label);
}

static const char *control(struct ftte_check *c, uint8_t opcode) {
    switch (opcode) {
    case 0x00: return end_of_way(c, NULL); // unreachable
    case 0x01: return NULL;
    case BLOCK:
    case LOOP:
    case IF: return open_block(c, opcode);
    case ELSE: return turn_to_else(c);
    case END: return leave(c);
    case 0x0c: return end_of_way(c, branch(c, ftte_check_u32(&c->in)));
    case 0x0d: return branch_if(c);
    case 0x0e: return branch_table(c);
    case 0x0f: return end_of_way(c, branch(c, c->depth - 1)); // return
    case 0x10: return call(c);
    case 0x1a: return drop(c);
    case 0x1b: return choose(c);
    default: return unknown;
    }
}

static const char *instruction(struct ftte_check *c, uint8_t opcode) {
    if (c->block[c->depth - 1].dead && opcode != END && opcode != ELSE) return "instructions that are never reached";
    if (opcode < 0x20) return control(c, opcode);
    if (opcode <= 0x24) return variable(c, opcode);
    if (opcode < 0x28) return unknown;
    if (opcode <= 0x3e) return load_or_store(c, opcode);
    if (opcode == 0x3f) return memory_size(c);
    if (opcode == 0x40) return unknown; // memory.grow
    if (opcode <= 0x44) return constant(c, opcode);
    if (opcode <= 0xc4) return arithmetic(c, opcode);
    return opcode == 0xfc ? saturate(c) : unknown;
}

static const char *locals(struct ftte_check *c, const struct ftte_check_signature *type) {
    uint32_t groups = ftte_check_u32(&c->in), most = type->parameters + (uint32_t)FTTE_CHECK_LOCALS;
    c->locals = type->parameters;
    for (uint32_t p = 0; p < type->parameters; p++) c->local[p] = type->parameter[p];
    for (uint32_t g = 0; g < groups && !c->in.bad; g++) {
        uint32_t count = ftte_check_u32(&c->in);
        uint8_t local = ftte_check_type(&c->in);
        if (count > most - c->locals) return too_large;
        for (; count > 0; count--) c->local[c->locals++] = local;
    }
    return NULL;
}

const char *ftte_check_body(struct ftte_check *check, const struct ftte_check_signature *type) {
    const char *wrong = locals(check, type);
    check->operands = check->depth = 0;
    check->called = UINT32_MAX;
    check->nested = check->held = check->constants = 0;
    if (!wrong) wrong = enter(check, BLOCK, type->result);
    while (check->depth > 0 && !wrong && !check->in.bad) {
        wrong = instruction(check, ftte_check_u8(&check->in));
        if (!wrong && check->nested > FTTE_CHECK_NESTED_BYTES) wrong = too_deep;
    }
    return wrong;
}
