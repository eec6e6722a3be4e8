import type { Command } from 'commander';

/** The directory that `--root` names; `/` is the running system. */
export const rootOf = (command: Command): string => command.optsWithGlobals<{ readonly root: string }>().root;
