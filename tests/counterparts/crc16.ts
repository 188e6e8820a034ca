// CRC-16/IBM-3740 (polynomial 0x1021, from 0xffff; "CCITT-FALSE"), as Nordic's crc16.c computes it; check value 0x29b1 for "123456789".

export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}
