import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { GoodbootError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';

/**
 * The directory that `--root` names; `/` is the running system.
 * @throws GoodbootError FILE_UNREADABLE: a mistyped directory would look like a system without any configuration
 */
export function rootOf(command: Command): string {
  const { root } = command.optsWithGlobals<{ readonly root: string }>();
  // With the dot only a directory exists, and one that may be entered.
  if (existsSync(`${root}/.`)) return resolve(root);
  throw new GoodbootError('FILE_UNREADABLE', `--root ${root}: a directory was wanted`, {
    hint: 'name the directory that holds the etc, usr and boot of the system to work on',
  });
}

/** A hint with the nearest of some words, as an option for GoodbootError; nothing when none is near. */
export function didYouMean(word: string, known: Iterable<string>): { readonly hint?: string } {
  const near = nearest(word, known);
  return near === null ? {} : { hint: `did you mean ${near}?` };
}
