/** What the header of a program says about the file. */
export interface ProgramHeader {
  /** As uname(1) calls the machine it is for: `x86_64`. */
  readonly machine: string;
  /** Bytes that the file has at least. Those of a release end with the table of sections: it has exactly so many. */
  readonly endBytes: number;
}

/** The header of a 64-bit ELF file, and where in it the fields are (elf(5)). */
export const HEADER_BYTES = 64;
const MAGIC = [0x7f, 0x45, 0x4c, 0x46, /* 64 bits */ 2, /* little-endian */ 1];
const [TYPE, PROGRAMS_AT, SECTIONS_AT, PROGRAM_BYTES, SECTION_BYTES] = [18, 32, 40, 54, 58] as const;
const MACHINES: Readonly<Record<number, string>> = { 62: 'x86_64', 183: 'aarch64' };

/** Null: it is no program that goodboot could be. `head`: the first bytes of the file, or all of a shorter one. */
export function parseProgramHeader(head: Uint8Array): ProgramHeader | null {
  if (head.length < HEADER_BYTES || MAGIC.some((byte, index) => head[index] !== byte)) return null;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const short = (at: number) => view.getUint16(at, true);
  // A table is as long as its rows, whose number is in the next field.
  const end = (at: number, row: number) => Number(view.getBigUint64(at, true)) + short(row) * short(row + 2);
  const type = short(TYPE);
  return {
    machine: MACHINES[type] ?? `machine type ${type}`,
    endBytes: Math.max(HEADER_BYTES, end(PROGRAMS_AT, PROGRAM_BYTES), end(SECTIONS_AT, SECTION_BYTES)),
  };
}

/** The machine that runs this, by the name that Node has for it. */
export const machineOfNode = (arch: string): string => ({ x64: 'x86_64', arm64: 'aarch64' })[arch] ?? arch;
