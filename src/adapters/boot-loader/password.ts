import type { PasswordFacts } from '../../core/doctor/facts.ts';
import type { Files } from '../../ports/files.ts';
import { entryOf } from './grub-entry.ts';
import { commandsOf } from './grub-script.ts';

const ENTRIES = '/boot/loader/entries';
const REPO_CONFIG = '/ostree/repo/config';
const MAX_BYTES = 256 * 1024;
/** Fedora's script sets a superuser only when this is set, in user.cfg. */
const FEDORA = 'GRUB2_PASSWORD';

/** Whether GRUB has a superuser when it has read these scripts: then it asks before it starts what is not free for all. */
export function looksForPassword(scripts: readonly string[]): boolean {
  const commands = scripts.map(commandsOf);
  const isSet = commands.flat().some(([first = '', second = '']) => [first, second].some(isFedoraPassword));
  return commands.some((script) =>
    script.some(([name, word = ''], at) => {
      if (name !== 'set' || !/^superusers=./.test(word)) return false;
      return isSet || !isGuarded(script.slice(0, at));
    }),
  );
}

const isFedoraPassword = (word: string): boolean => word.startsWith(`${FEDORA}=`) && word.length > FEDORA.length + 1;

/** The innermost test before it asks for Fedora's variable. */
function isGuarded(before: readonly (readonly string[])[]): boolean {
  const last = before.findLast(([name]) => name === '[' || name === 'test' || name === 'fi');
  return last !== undefined && last[0] !== 'fi' && last.some((word) => word.includes(FEDORA));
}

/**
 * Which entries ask for it. Where grub.cfg reads the entries of the Boot Loader Specification (blscfg), those with a value
 * of the key `grub_users`; OSTree adds that to all but the newest with `bls-append-except-default`
 * (ostree.repo-config(5)). In a menu that grub.cfg holds itself every entry without --unrestricted, which OSTree writes.
 */
export async function readPassword(files: Files, superusers: boolean, grubCfg: string): Promise<PasswordFacts> {
  if (!superusers) return { superusers, restricted: [], restrictsOthers: false };
  if (!/^\s*blscfg\b/m.test(grubCfg)) return { superusers, restricted: restrictedIn(grubCfg), restrictsOthers: false };
  const restricted: string[] = [];
  for (const name of (await files.list(ENTRIES)) ?? []) {
    if (!name.endsWith('.conf')) continue;
    const text = (await files.readBytes(`${ENTRIES}/${name}`, MAX_BYTES))?.toString('utf8') ?? '';
    const users = /^grub_users[ \t]+(\S.*)$/m.exec(text)?.[1];
    // A variable that nobody sets is no value.
    if (users !== undefined && !/^\$/.test(users.trim())) restricted.push(name);
  }
  const config = (await files.readBytes(REPO_CONFIG, MAX_BYTES))?.toString('utf8') ?? '';
  return { superusers, restricted, restrictsOthers: /^\s*bls-append-except-default\s*=.*\bgrub_users=/m.test(config) };
}

const restrictedIn = (grubCfg: string): readonly string[] =>
  [...grubCfg.matchAll(/^\s*menuentry\s+['"]([^'"]*)['"](.*)$/gm)].flatMap(([, title, rest = '']) =>
    /--unrestricted\b|--users\s/.test(rest) ? [] : [`"${title}"`],
  );

/** Whether it is asked for before a deployment starts that is not the default. False also where that cannot be told. */
export async function asksForPassword(files: Files, facts: PasswordFacts, deployment: string): Promise<boolean> {
  if (facts.restrictsOthers || facts.restricted.length === 0) return facts.restrictsOthers;
  const entry = await entryOf(files, deployment);
  return entry !== null && facts.restricted.includes(`${entry}.conf`);
}
