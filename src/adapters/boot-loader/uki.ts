import type { Files } from '../../ports/files.ts';

/** Headers and section table of any kernel image lie in here. */
const HEAD_BYTES = 16 * 1024;
const MAX_COMMAND_LINE_BYTES = 16 * 1024;

/**
 * The kernel command line inside a unified kernel image: the section `.cmdline` of a PE file (UAPI.5, Microsoft PE
 * format). Null: it has none, or it is no such file. @throws GoodbootError FILE_UNREADABLE
 */
export async function ukiCommandLine(files: Files, path: string): Promise<string | null> {
  const head = await files.readBytes(path, HEAD_BYTES);
  const section = head === null ? null : sectionIn(head, '.cmdline');
  if (section === null || section.offset === 0) return null;
  const bytes = await files.readBytes(path, MAX_COMMAND_LINE_BYTES, section.offset);
  return bytes === null ? null : bytes.toString('utf8', 0, section.size).replace(/\0.*$/s, '').trim();
}

/** Where a section lies in the file; null when the headers end before it is found. */
function sectionIn(head: Buffer, name: string): { readonly offset: number; readonly size: number } | null {
  try {
    const pe = head.readUInt32LE(0x3c);
    if (head.toString('latin1', 0, 2) !== 'MZ' || head.toString('latin1', pe, pe + 4) !== 'PE\0\0') return null;
    const count = head.readUInt16LE(pe + 6);
    const table = pe + 24 + head.readUInt16LE(pe + 20);
    for (let at = table; at < table + count * 40; at += 40) {
      if (head.toString('latin1', at, at + 8).replace(/\0+$/, '') !== name) continue;
      // What is in memory may be longer or shorter than what is padded on the disk.
      const size = Math.min(head.readUInt32LE(at + 8), head.readUInt32LE(at + 16));
      return { offset: head.readUInt32LE(at + 20), size };
    }
    return null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
