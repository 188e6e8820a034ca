// Cycles of an instruction on a Cortex-M4F whose memory has no wait states, as Arm publishes them: Cortex-M4 Technical Reference Manual
// (DDI 0439), tables 3-1 and 7-1. Fewest and most: loads and stores next to each other overlap or do not, and a pipeline refill takes one
// to three cycles. Flash with wait states costs more and a chip's cache gives some of it back: neither is in here.

export type Cycles = [fewest: number, most: number];

const refill: Cycles = [1, 3];
const plus = (cycles: number, [fewest, most]: Cycles): Cycles => [cycles + fewest, cycles + most];
const listed = (operands: string) => operands.slice(operands.indexOf("{")).split(",").length;

/**
 * @param mnemonic as a disassembler writes it, e.g. "vldmia", "bne.w"
 * @param operands e.g. "r3!, {s15}"
 * @param taken whether control went elsewhere than to the next instruction
 */
export function cyclesOf(mnemonic: string, operands: string, taken: boolean): Cycles {
  if (/^(ldm|stm|push|pop|vldm|vstm|vpush|vpop)/.test(mnemonic)) {
    const cycles = 1 + listed(operands);
    return taken ? plus(cycles, refill) : [cycles, cycles];
  }
  if (/^tb[bh]/.test(mnemonic)) return plus(2, refill);
  if (/^v?(ldr|str)/.test(mnemonic)) {
    if (/^(ldrd|strd)/.test(mnemonic)) return [3, 3];
    return taken ? plus(2, refill) : [1, 2];
  }
  if (taken) return plus(1, refill);
  if (/^[us]div/.test(mnemonic)) return [2, 12];
  if (/^(vdiv|vsqrt)/.test(mnemonic)) return [14, 14];
  if (/^v(fn?m[as]|n?ml[as])/.test(mnemonic)) return [3, 3];
  return [1, 1];
}
