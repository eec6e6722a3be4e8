/** A file with the header of a 64-bit program, this text behind it, and a table of sections without a row at its end. */
export function elf(text: string, machine: 'x86_64' | 'aarch64' | number = 'x86_64'): Buffer {
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(machine === 'x86_64' ? 62 : machine === 'aarch64' ? 183 : machine, 18);
  const body = Buffer.from(text);
  header.writeBigUInt64LE(BigInt(header.length + body.length), 40);
  return Buffer.concat([header, body]);
}
