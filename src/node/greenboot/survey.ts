import { GoodbootError } from '../../core/errors.ts';
import { GREENBOOT_UNITS, type Survey } from '../../core/greenboot/migration.ts';
import {
  CHECK_DIRECTORIES,
  HOOK_DIRECTORIES,
  type ScriptDirectory,
  type Selection,
  select,
} from '../../core/greenboot/scripts.ts';
import { GRUBENV_BYTES, grubenvVariables, parseGrubenv } from '../../core/grubenv.ts';
import type { Files } from '../../ports/files.ts';
import { findScripts, readConf } from './find-scripts.ts';

const SITE_UNITS = '/etc/systemd/system';
const IMAGE_UNITS = '/usr/lib/systemd/system';
const HEALTHCHECK = 'greenboot-healthcheck.service';
/** Units that only one of the two brings. */
const MARKS = { rs: 'greenboot-set-rollback-trigger.service', shell: 'redboot-auto-reboot.service' } as const;
const GRUBENVS = ['/boot/grub2/grubenv', '/boot/grub/grubenv'];
const VARIABLES = ['boot_counter', 'fallback', 'greenboot_next_deployment_id', 'greenboot_rollback_trigger'];

/** A system as it is before a migration, and what would run after it. */
export interface Surveyed {
  readonly survey: Survey;
  readonly selections: Readonly<Record<'check' | 'green' | 'red', Selection>>;
  /** What could not be looked at, or was not understood. */
  readonly notes: readonly string[];
}

/** Looks at a system, and changes nothing. @throws GoodbootError FILE_UNREADABLE */
export async function surveyGreenboot(files: Files): Promise<Surveyed> {
  const { settings, notes } = await readConf(files);
  const greenboot = await flavour(files);
  const told = [...notes];
  const look = async (directories: readonly ScriptDirectory[]): Promise<Selection> => {
    const { entries, unreadable } = await findScripts(files, directories, { subdirectories: greenboot !== 'rs' });
    told.push(...unreadable.map(({ why }) => why));
    return select(entries, settings.disabled);
  };
  const selections = {
    check: await look(CHECK_DIRECTORIES),
    green: await look(HOOK_DIRECTORIES.green),
    red: await look(HOOK_DIRECTORIES.red),
  };
  const names = Object.values(selections).map(({ unknownDisabled }) => new Set(unknownDisabled));
  const nowhere = settings.disabled.filter((name) => names.every((each) => each.has(name)));
  told.push(...nowhere.map((name) => `DISABLED_HEALTHCHECKS names ${name}, which is nowhere`));
  const survey: Survey = {
    greenboot,
    enabled: await enablingLinks(files),
    settings,
    microshift: selections.check.scripts.some(({ path }) => path.includes('microshift')),
    ...(await orders(files)),
    grubenv: await grubenvOf(files),
  };
  return { survey, selections, notes: told };
}

async function flavour(files: Files): Promise<Survey['greenboot']> {
  for (const [name, unit] of Object.entries(MARKS)) {
    for (const directory of [SITE_UNITS, IMAGE_UNITS]) {
      // The key is one of the two.
      if ((await files.info(`${directory}/${unit}`)) !== null) return name as keyof typeof MARKS;
    }
  }
  return 'none';
}

async function enablingLinks(files: Files): Promise<Survey['enabled']> {
  const links: { path: string; target: string }[] = [];
  for (const directory of (await files.list(SITE_UNITS)) ?? []) {
    // The verdict pulls in the stand-in of the same name.
    if (!/\.(wants|requires|upholds)$/.test(directory) || directory.startsWith('goodboot-')) continue;
    for (const name of (await files.list(`${SITE_UNITS}/${directory}`)) ?? []) {
      const path = `${SITE_UNITS}/${directory}/${name}`;
      const target = GREENBOOT_UNITS.includes(name) ? await files.readLink(path) : null;
      if (target !== null) links.push({ path, target });
    }
  }
  return links;
}

/** What drop-ins of greenboot-healthcheck.service say of other units. */
async function orders(files: Files): Promise<Pick<Survey, 'pulledIn' | 'orderedAfter'>> {
  const said = { pulledIn: new Set<string>(), orderedAfter: new Set<string>() };
  for (const root of [IMAGE_UNITS, SITE_UNITS]) {
    const directory = `${root}/${HEALTHCHECK}.d`;
    for (const name of (await files.list(directory)) ?? []) {
      if (!name.endsWith('.conf')) continue;
      const text = (await files.readText(`${directory}/${name}`)) ?? '';
      for (const [, key, units = ''] of text.matchAll(/^(After|Wants|Requires|BindsTo)=(.*)$/gm)) {
        const set = key === 'After' ? said.orderedAfter : said.pulledIn;
        for (const unit of units.split(/\s+/).filter(isForeign)) set.add(unit);
      }
    }
  }
  return { pulledIn: [...said.pulledIn], orderedAfter: [...said.orderedAfter] };
}

const isForeign = (unit: string): boolean =>
  /^[A-Za-z0-9:_.\\@-]+\.(service|target|mount|socket|path|timer|device)$/.test(unit) &&
  !/^(green|good)boot/.test(unit);

async function grubenvOf(files: Files): Promise<Survey['grubenv']> {
  for (const path of GRUBENVS) {
    try {
      const bytes = await files.readBytes(path, GRUBENV_BYTES);
      if (bytes === null) continue;
      const variables = grubenvVariables(parseGrubenv(bytes));
      return Object.fromEntries([...variables].filter(([name]) => VARIABLES.includes(name)));
    } catch (error) {
      // Only a hint depends on it; `goodboot doctor` and the verdict look at it in earnest.
      if (!(error instanceof GoodbootError)) throw error;
    }
  }
  return {};
}
