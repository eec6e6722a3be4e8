import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { loadConfig } from '../../src/config/load.ts';
import { checkTypes } from '../../src/config/registry.ts';
import { DROP_IN, differences, wantedPlaces } from '../../src/core/greenboot/migration.ts';
import { apply, changesTo, isMigrated, RECORD, revert, undoing } from '../../src/node/greenboot/migrate.ts';
import { surveyGreenboot } from '../../src/node/greenboot/survey.ts';
import type { Files } from '../../src/ports/files.ts';
import { makeGrubenv } from '../helpers/cli.ts';

const UNITS = 'etc/systemd/system';
const IMAGE = 'usr/lib/systemd/system';

let root: string;

beforeEach(async () => {
  root = await fs.mkdtemp(join(tmpdir(), 'goodboot-migrate-'));
});
afterEach(() => fs.rm(root, { recursive: true }));

async function put(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await fs.mkdir(dirname(join(root, name)), { recursive: true });
    if (text.startsWith('-> ')) await fs.symlink(text.slice(3), join(root, name));
    else await fs.writeFile(join(root, name), text);
  }
}

/** What greenboot's package and its preset leave on a system. */
const SHELL = {
  [`${IMAGE}/redboot-auto-reboot.service`]: '',
  [`${UNITS}/multi-user.target.wants/greenboot-healthcheck.service`]: `-> /${IMAGE}/greenboot-healthcheck.service`,
  [`${UNITS}/boot-complete.target.requires/greenboot-healthcheck.service`]: `-> /${IMAGE}/greenboot-healthcheck.service`,
  [`${UNITS}/redboot.target.wants/redboot-auto-reboot.service`]: `-> /${IMAGE}/redboot-auto-reboot.service`,
  [`${UNITS}/redboot.target.wants/my-diagnosis.service`]: `-> /${UNITS}/my-diagnosis.service`,
};
const RS = { [`${IMAGE}/greenboot-set-rollback-trigger.service`]: '' };

/** Every file and link below the root, and what it holds. */
async function tree(): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const each of await fs.readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(each.parentPath, each.name);
    if (each.isSymbolicLink()) found[path.slice(root.length)] = `-> ${await fs.readlink(path)}`;
    else if (each.isFile()) found[path.slice(root.length)] = await fs.readFile(path, 'utf8');
  }
  return found;
}

async function migrate(files: Files = makeFiles(root)): Promise<readonly string[]> {
  const changes = await changesTo(
    files,
    wantedPlaces((await surveyGreenboot(files)).survey, '/usr/lib/goodboot/greenboot'),
  );
  await apply(files, changes);
  return changes.map(({ path }) => path);
}

async function revertAll(): Promise<readonly string[]> {
  const files = makeFiles(root);
  const { changes, kept } = await undoing(files);
  await revert(files, changes);
  return kept;
}

const settings = async () => {
  const { settings: read, problems } = await loadConfig(makeFiles(root), checkTypes);
  expect(problems).toEqual([]);
  return { trial: read.trial, check: read.checks.find(({ name }) => name === 'greenboot') };
};

describe('a migration', () => {
  it('disables the units of greenboot, and nobody else\u2019s; adds the check; keeps the names', async () => {
    await put(SHELL);
    await migrate();
    const after = await tree();
    expect(Object.keys(after).sort()).toEqual(
      [
        DROP_IN,
        RECORD,
        `/${UNITS}/goodboot-verdict.service.wants/greenboot-healthcheck.service`,
        `/${UNITS}/greenboot-healthcheck.service`,
        `/${UNITS}/greenboot-healthcheck.service.d/20-goodboot.conf`,
        `/${UNITS}/redboot.target`,
        `/${UNITS}/redboot.target.wants/my-diagnosis.service`,
        `/${IMAGE}/redboot-auto-reboot.service`,
      ].sort(),
    );
    expect((await settings()).check).toMatchObject({
      required: true,
      options: { after: ['network-online.target'], subdirectories: true, scriptTimeout: '10m' },
    });
  });

  it.each([
    ['once', 1],
    ['twice', 2],
  ])('that was made %s is undone without a trace', async (_, times) => {
    await put({ ...SHELL, [DROP_IN.slice(1)]: 'apiVersion: goodboot/v1\n' });
    const before = await tree();
    for (let time = 0; time < times; time += 1) await migrate();
    expect(await isMigrated(makeFiles(root))).toBe(true);
    expect(await migrate()).toEqual([]);
    expect(await revertAll()).toEqual([]);
    expect(await tree()).toEqual(before);
  });

  it('that was made again after greenboot was updated and enabled once more is undone to the beginning', async () => {
    await put(SHELL);
    const before = await tree();
    await migrate();
    const link = `${UNITS}/multi-user.target.wants/greenboot-status.service`;
    await put({ [link]: `-> /${IMAGE}/greenboot-status.service` });
    expect(await migrate()).toEqual([`/${link}`]);
    await revertAll();
    expect(await tree()).toEqual({ ...before, [`/${link}`]: `-> /${IMAGE}/greenboot-status.service` });
  });

  it('made again over what somebody changed in between is undone to the beginning, too', async () => {
    await put({ [DROP_IN.slice(1)]: 'apiVersion: goodboot/v1\n' });
    const before = await tree();
    await migrate();
    await put({ [DROP_IN.slice(1)]: 'apiVersion: goodboot/v1\nchecks: {}\n' });
    await migrate();
    await revertAll();
    expect(await tree()).toEqual(before);
  });

  it('interrupted between any two changes goes on when it is asked for again, and can be undone', async () => {
    await put(SHELL);
    const before = await tree();
    await migrate();
    const after = await tree();
    await revertAll();
    let cuts = 0;
    for (let left = 0; ; left += 1) {
      const power = cutAfter(left);
      const isCut = await migrate(power).then(
        () => false,
        () => true,
      );
      if (!isCut) break;
      cuts += 1;
      if (left % 2 === 0) {
        await migrate();
        expect(await tree()).toEqual(after);
      }
      await revertAll();
      expect(await tree()).toEqual(before);
    }
    expect(cuts).toBeGreaterThan(8);
  });

  it('leaves alone, when it is undone, what somebody has changed since', async () => {
    await put(SHELL);
    await migrate();
    await put({ [DROP_IN.slice(1)]: 'apiVersion: goodboot/v1\nchecks: { greenboot: { type: greenboot } }\n' });
    expect(await revertAll()).toEqual([DROP_IN]);
    expect((await tree())[DROP_IN]).toContain('{ type: greenboot }');
  });

  it('that never was is undone by nothing', async () => {
    expect(await revertAll()).toEqual([]);
  });

  it.each(['', '{', '{"v":2,"changes":[]}', '{"v":1,"changes":[{"path":"/x"}]}', '[]', 'null'])(
    'with the record %j is not undone by guessing',
    async (record) => {
      await put({ [RECORD.slice(1)]: record });
      await expect(undoing(makeFiles(root))).rejects.toMatchObject({ code: 'MIGRATION_INVALID' });
    },
  );
});

/** Files that fail for good after some changes. */
function cutAfter(changes: number): Files {
  const files = makeFiles(root);
  let left = changes;
  const bounded =
    <Given extends readonly unknown[]>(work: (...given: Given) => Promise<void>) =>
    async (...given: Given) => {
      left -= 1;
      if (left < 0) throw new Error('the power is gone');
      await work(...given);
    };
  const { replace, link, remove, makeDirectory } = files;
  return {
    ...files,
    replace: bounded(replace),
    link: bounded(link),
    remove: bounded(remove),
    makeDirectory: bounded(makeDirectory),
  };
}

describe('what was set for greenboot', () => {
  it.each([
    ['GREENBOOT_MAX_BOOT_ATTEMPTS=5', 5],
    ['GREENBOOT_MAX_BOOT_ATTEMPTS=50', 10],
    ['GREENBOOT_MAX_BOOT_ATTEMPTS=abc', 3],
    ['', 3],
  ])('is taken over: %j gives %d attempts', async (text, attempts) => {
    await put({ 'etc/greenboot/greenboot.conf': text });
    await migrate();
    expect((await settings()).trial.attempts).toBe(attempts);
  });

  it.each([
    ['etc/greenboot/greenboot.conf', 'MICROSHIFT_WAIT_TIMEOUT_SEC=900\nGREENBOOT_MAX_BOOT_ATTEMPTS=2', 30],
    ['usr/lib/greenboot/check/required.d/40_microshift_running_check.sh', '', 30],
  ])('gives scripts that wait longer with each attempt the time they may need (%s)', async (path, text, minutes) => {
    await put({ [path]: text });
    await migrate();
    const { trial, check } = await settings();
    expect(check?.options['scriptTimeout']).toBe(`${minutes + 1}m`);
    expect(check?.timeoutMs).toBe((minutes + 3) * 60_000);
    expect(trial.deadlineMs).toBeGreaterThan(check!.timeoutMs);
  });

  it('of other units is kept: what it pulled in is waited for, what it was ordered after is told', async () => {
    const text = '[Unit]\nAfter=network-online.target app.service late.service\nWants=app.service\n';
    await put({ [`${UNITS}/greenboot-healthcheck.service.d/10-app.conf`]: text });
    const { survey } = await surveyGreenboot(makeFiles(root));
    await migrate();
    expect((await settings()).check?.options['after']).toEqual(['network-online.target', 'app.service']);
    expect(differences(survey).join('\n')).toMatch(/late\.service/);
  });

  it('by greenboot-rs: subdirectories hold no scripts', async () => {
    await put({ ...RS, 'etc/greenboot/check/required.d/lib/common.sh': '', 'etc/greenboot/check/required.d/1.sh': '' });
    const { survey, selections } = await surveyGreenboot(makeFiles(root));
    expect(survey.greenboot).toBe('rs');
    expect(selections.check.scripts).toMatchObject([{ path: '/etc/greenboot/check/required.d/1.sh' }]);
    await migrate();
    expect((await settings()).check?.options['subdirectories']).toBe(false);
  });
});

it('what greenboot left in grubenv is told, with the cure', async () => {
  await makeGrubenv(join(root, 'boot/grub2/grubenv'), ['boot_counter=2', 'fallback=1', 'saved_entry=0']);
  const { survey } = await surveyGreenboot(makeFiles(root));
  expect(survey.grubenv).toEqual({ boot_counter: '2', fallback: '1' });
  expect(differences(survey).join('\n')).toMatch(/boot_counter=2 is set.*\n.*unset fallback/);
});
