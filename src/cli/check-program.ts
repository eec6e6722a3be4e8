/** The check program's name: of its file, of its link to the single executable, and of the word that does without a link. */
export const CHECK_PROGRAM = 'goodboot-check';
