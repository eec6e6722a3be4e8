import type { Files } from '../../ports/files.ts';

const EFI_VARIABLES = '/sys/firmware/efi/efivars';
/** The vendor id under which boot loaders leave word for the system they start. */
const LOADER_VENDOR = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';
/** A path on the EFI system partition fits many times. */
const MAX_VARIABLE_BYTES = 4096;
/** The kernel puts the variable's attributes, 32 bits, before its value. */
const ATTRIBUTE_BYTES = 4;

/** The text that the boot loader left in an EFI variable (UTF-16), or null where there is none. */
export async function readLoaderVariable(files: Files, name: string): Promise<string | null> {
  const bytes = await files.readBytes(`${EFI_VARIABLES}/${name}-${LOADER_VENDOR}`, MAX_VARIABLE_BYTES);
  return bytes === null ? null : bytes.subarray(ATTRIBUTE_BYTES).toString('utf16le').replace(/\0.*$/s, '');
}
