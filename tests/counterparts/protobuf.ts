// Reads the wire format of Protocol Buffers (protobuf.dev, "Encoding") as far as Nordic's init packet needs it: varints and length-delimited
// fields. It knows no schema.

export interface Field {
  number: number;
  /** A varint's value, or the bytes of a length-delimited field. */
  value: number | Buffer;
}

/** The fields in their order, or undefined when the bytes are no message of these two kinds of field. */
export function readMessage(bytes: Buffer): Field[] | undefined {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const key = readVarint(bytes, at);
    const first = key && readVarint(bytes, key.next);
    if (!key || !first) return undefined;
    const number = Math.floor(key.value / 8);
    if (key.value % 8 === 0) {
      fields.push({ number, value: first.value });
      at = first.next;
    } else if (key.value % 8 === 2 && first.next + first.value <= bytes.length) {
      at = first.next + first.value;
      fields.push({ number, value: bytes.subarray(first.next, at) });
    } else return undefined;
  }
  return fields;
}

/** Varints one after another: a packed repeated field. */
export function readPacked(bytes: Buffer): number[] | undefined {
  const values: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const varint = readVarint(bytes, at);
    if (!varint) return undefined;
    values.push(varint.value);
    at = varint.next;
  }
  return values;
}

function readVarint(bytes: Buffer, start: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let at = start, weight = 1; at < bytes.length && weight <= 2 ** 63; at++, weight *= 128) {
    value += (bytes[at]! & 127) * weight;
    if (bytes[at]! < 128) return { value, next: at + 1 };
  }
  return undefined;
}
