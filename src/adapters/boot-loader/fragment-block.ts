/** The file that the block reads, beside grub.cfg. */
export const FRAGMENT_NAME = 'goodboot.cfg';

/** It begins with a line end: what stands before may lack its own, and is the same again when the block is taken out. */
const BLOCK = `
# goodboot: counts boots on trial. To take this line and the next one out: goodboot install-grub --remove
if [ -f $prefix/${FRAGMENT_NAME} ]; then source $prefix/${FRAGMENT_NAME}; fi
`;

/** The block of this version or of another one. */
const ANY_BLOCK = /\n# goodboot: [^\n]*\nif [^\n]*\bgoodboot\.cfg; fi(?:\n|$)/g;

/** A file of the administrator with the block at its end, where nothing after it changes the choice. Idempotent. */
export const withBlock = (text: string): string => (text.endsWith(BLOCK) ? text : withoutBlock(text) + BLOCK);

/** The file without the block, and otherwise byte for byte what it was. */
export const withoutBlock = (text: string): string => text.replace(ANY_BLOCK, '');
