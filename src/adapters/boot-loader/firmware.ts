import type { Files } from '../../ports/files.ts';

const VARIABLES = '/sys/firmware/efi/efivars';
/** The vendor id of the variables that UEFI itself defines. */
const GLOBAL = '8be4df61-93ca-11d2-aa0d-00e098032b8c';
const MAX_VARIABLE_BYTES = 4096;
/** The kernel puts the variable's attributes before its value. */
const ATTRIBUTE_BYTES = 4;
/** Device path nodes (UEFI 10.3): a path to a file, and the end. */
const MEDIA = 4;
const FILE_PATH = 4;
const END = 0x7f;

/**
 * The directory on the EFI system partition that the firmware started from, in lower case (`efi/fedora`); null where it
 * does not tell. By BootCurrent and the entry that it names.
 */
export async function startedFrom(files: Files): Promise<string | null> {
  const read = async (name: string): Promise<Buffer | null> => {
    const bytes = await files.readBytes(`${VARIABLES}/${name}-${GLOBAL}`, MAX_VARIABLE_BYTES);
    return bytes === null || bytes.length < ATTRIBUTE_BYTES ? null : bytes.subarray(ATTRIBUTE_BYTES);
  };
  const current = await read('BootCurrent');
  if (current === null || current.length < 2) return null;
  const number = current.readUInt16LE(0).toString(16).toUpperCase().padStart(4, '0');
  const entry = await read(`Boot${number}`);
  const path = entry === null ? null : filePathOf(entry);
  return path === null
    ? null
    : path
        .replaceAll('\\', '/')
        .replace(/^\//, '')
        .replace(/\/[^/]*$/, '')
        .toLowerCase();
}

/** The file path in a load option: attributes, length of the device path, description, device path. Never throws. */
export function filePathOf(option: Buffer): string | null {
  if (option.length < 8) return null;
  // The description is UTF-16: its end is a whole character.
  let at = 6;
  while (at + 1 < option.length && option.readUInt16LE(at) !== 0) at += 2;
  at += 2;
  while (at + 4 <= option.length) {
    const [type, subtype, length] = [option[at], option[at + 1], option.readUInt16LE(at + 2)];
    if (type === END || length < 4 || at + length > option.length) return null;
    if (type === MEDIA && subtype === FILE_PATH) {
      return option
        .subarray(at + 4, at + length)
        .toString('utf16le')
        .replace(/\0.*$/s, '');
    }
    at += length;
  }
  return null;
}
