import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { editGrubenv, grubenvVariables, parseGrubenv, serializeGrubenv } from '../../src/core/grubenv.ts';
import { must } from '../lab/run.ts';
import type { GrubBoot, GrubMachine } from './grub-model.ts';

/** The fragment as it is shipped. */
export const FRAGMENT = new URL('../../dist/grub/09_goodboot.cfg', import.meta.url).pathname;
const EMPTY = parseGrubenv(Buffer.from('# GRUB Environment Block\n'.padEnd(1024, '#')));
/** One boot goes on with the next. GRUB ends scripts that call each other too deeply (seen at 25): far fewer, then a new GRUB. */
const CHAIN = 15;

/** A boot for the real GRUB. */
export interface RealCase extends GrubMachine {
  readonly env: Readonly<Record<string, string>>;
  /** Ids, the default first. Cases with the same number of entries have the same entries. */
  readonly entries: readonly string[];
  /** How often grub.cfg reads the fragment. */
  readonly read: 1 | 2;
}

/** Fedora's counting by position, without `decrement`, which Debian's GRUB lacks. A long elif chain is too deep for it. */
const PEER = `if [ -n "$boot_counter" -a "$boot_success" = 0 ]; then
  if [ "$boot_counter" = 0 -o "$boot_counter" = -1 ]; then set default=1; fi
  set less=-1
  for n in ${Array.from({ length: 100 }, (_, n) => n).join(' ')}; do
    if [ "$boot_counter" = $n ]; then set boot_counter=$less; fi
    set less=$n
  done
  save_env boot_counter
fi
set boot_success=0
save_env boot_success
`;

/** Boots each case with GRUB itself, which Debian has as a program (grub-emu); its files are on disk images. */
export async function bootReally(cases: readonly RealCase[]): Promise<readonly GrubBoot[]> {
  const place = await mkdtemp(join(tmpdir(), 'goodboot-grub-'));
  try {
    await mkdir(join(place, 'hd0'));
    await copyFile(FRAGMENT, join(place, 'hd0/fragment.cfg'));
    await writeFile(join(place, 'hd0/peer.cfg'), PEER);
    for (const [n, each] of cases.entries()) await writeCase(place, each, n);
    for (const each of cases) await writeEntries(place, each);
    const disks = ['hd0', ...new Set(cases.map(diskOf).filter((disk) => disk !== 'hd0'))];
    for (const disk of disks) await must(['mke2fs', '-q', '-d', join(place, disk), join(place, `${disk}.img`), '8M']);
    await writeFile(join(place, 'device.map'), disks.map((disk) => `(${disk}) ${place}/${disk}.img\n`).join(''));
    let output = '';
    for (let n = 0; n < cases.length; n += CHAIN) output += await runGrub(place, n);
    await mkdir(join(place, 'after'));
    await must(['debugfs', '-R', `rdump / ${place}/after`, join(place, 'hd0.img')]);
    const booted = new Map([...output.matchAll(/\(case (\d+) ([^)]*)\)/g)].map(([, n, id]) => [Number(n), id]));
    return await Promise.all(
      cases.map(async ({ writable = true }, n) => {
        const bytes = await readFile(join(place, writable ? 'after' : 'hd0', `${n}/grubenv`));
        return { env: new Map(grubenvVariables(parseGrubenv(bytes))), booted: booted.get(n) ?? 'nothing' };
      }),
    );
  } finally {
    await rm(place, { recursive: true });
  }
}

const runGrub = (place: string, n: number): Promise<string> =>
  must(['grub-emu', '--directory', `${place}/${n}`, '--device-map', `${place}/device.map`], {
    timeoutMs: 15_000,
    env: { TERM: 'dumb' },
  });

/** A block on disk 0, and a grub.cfg outside whose entries tell their id and go on: a new configuration knows no old variable. */
async function writeCase(
  place: string,
  { env, entries, peer, bls = true, writable = true, read }: RealCase,
  n: number,
) {
  await mkdir(join(place, `hd0/${n}`));
  await writeFile(join(place, `hd0/${n}/grubenv`), serializeGrubenv(editGrubenv(EMPTY, env)));
  const next = (n + 1) % CHAIN === 0 ? 'exit' : `configfile (host)${place}/${n + 1}/grub.cfg; exit`;
  const entry = (id: string) => `menuentry "${id}" --id "${id}" { echo "(case ${n} ${id})"; ${next}; }\n`;
  await mkdir(join(place, `${n}`));
  const lines = [
    `set root=${diskOf({ bls, entries })}`,
    // GRUB reads files of the host, and cannot write them.
    `set prefix=${writable ? '(hd0)' : `(host)${place}/hd0`}/${n}`,
    'set default=0\nset timeout=0\nload_env',
    ...(peer ? ['source (hd0)/peer.cfg'] : []),
    'source (hd0)/fragment.cfg\n'.repeat(read),
    ...entries.map(entry),
  ];
  await writeFile(join(place, `${n}/grub.cfg`), lines.join('\n'));
}

/** The disk with the entries; disk 0 has none. */
const diskOf = ({ bls = true, entries }: Pick<RealCase, 'bls' | 'entries'>): string =>
  bls === false ? 'hd0' : `hd${entries.length + (bls === 'in-boot' ? 4 : 0)}`;

async function writeEntries(place: string, each: RealCase): Promise<void> {
  if (each.bls === false) return;
  const directory = join(place, diskOf(each), each.bls === 'in-boot' ? 'boot' : '', 'loader/entries');
  await mkdir(directory, { recursive: true });
  for (const id of each.entries) await writeFile(join(directory, `${id}.conf`), `title ${id}\n`);
}
