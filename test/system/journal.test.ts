import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EVENTS } from '../../src/core/events.ts';
import type { JournalEntry } from '../../src/ports/journal.ts';
import { bootMachine, type Machine } from '../lab/machine.ts';
import { must } from '../lab/run.ts';

const REPO = resolve(import.meta.dirname, '../..');
let machine: Machine;
let catalogUpdate = '';
beforeAll(async () => {
  const catalog = await readFile(`${REPO}/dist/catalog/goodboot.catalog`);
  machine = await bootMachine({ goodboot: false, files: { '/usr/lib/systemd/catalog/goodboot.catalog': catalog } });
  catalogUpdate = await machine.sh('journalctl --update-catalog 2>&1');
  // A unit to be heard as: what runs in its control group may notify systemd.
  await machine.sh('systemd-run --quiet --unit=probe --property=NotifyAccess=all sleep infinity');
}, 60_000);
afterAll(() => machine.stop());

/** Runs TypeScript in the machine, as a process of the unit `probe`. The runtime is handed in as an open file. */
async function inMachine(code: string): Promise<string> {
  const imports = `
    import { libsystemd } from './libsystemd.ts';
    import { makeLogger } from './logger.ts';
    import { notify } from './notify.ts';
    import { makeJournal } from './writer.ts';
  `;
  const probe = `${REPO}/src/adapters/journald/probe.ts`;
  const source = {
    name: 'probe',
    resolveId: (id: string) => (id === 'probe' ? probe : null),
    load: (id: string) => (id === probe ? imports + code : null),
  };
  const bundle = await rolldown({ input: 'probe', platform: 'node', plugins: [source] });
  const { output } = await bundle.generate({ format: 'cjs', codeSplitting: false });
  const join =
    'echo $$ >/sys/fs/cgroup/system.slice/probe.service/cgroup.procs; exec /proc/self/fd/9 --disable-warning=ExperimentalWarning -';
  const enter = 'exec nsenter -t "$1" -a -- sh -euc "$2" 9<"$3"';
  return must(['sh', '-euc', enter, 'sh', `${machine.leader}`, join, process.execPath], {
    input: output[0].code,
    env: { NOTIFY_SOCKET: '/run/systemd/notify' },
  });
}

/** Waits until the journal has everything that was sent to it. */
const sync = () => machine.sh('journalctl --sync');
const read = async (query: string): Promise<readonly JournalEntry[]> => {
  await sync();
  return JSON.parse(await inMachine(`makeJournal().read(${query}).then((all) => console.log(JSON.stringify(all)));`));
};

describe('an event', () => {
  const fields = {
    GOODBOOT_CHECK: 'web',
    GOODBOOT_TYPE: 'tcp',
    GOODBOOT_REQUIRED: 'yes',
    GOODBOOT_REASON: 'grün 🥾\nport 80 = closed',
    GOODBOOT_DURATION_USEC: 12,
  };
  beforeAll(async () => {
    await inMachine(`makeJournal().event('check-failed', ${JSON.stringify(fields)});`);
    await sync();
  });

  test('is one native entry with all its fields, as journalctl reads it', async () => {
    const entry = JSON.parse(await machine.sh('journalctl -t goodboot -o json GOODBOOT_EVENT=check-failed'));
    expect(entry).toMatchObject({
      ...fields,
      GOODBOOT_DURATION_USEC: '12',
      MESSAGE: `Check web failed: ${fields.GOODBOOT_REASON}`,
      MESSAGE_ID: EVENTS['check-failed'].id,
      PRIORITY: '4',
      _SYSTEMD_UNIT: 'probe.service',
      _TRANSPORT: 'journal',
    });
  });

  test('has its text in the catalog, with the fields filled in', async () => {
    const text = await machine.sh('journalctl -x -o short GOODBOOT_EVENT=check-failed');
    expect(text).toContain('Subject: Check web failed: grün 🥾');
    expect(text).toContain('"journalctl -u goodboot-check@web.service" shows its course, "goodboot check run web"');
    expect(text).toContain('Defined-By: goodboot');
  });

  test('is read back as it was written', async () => {
    const [entry, ...more] = await read(`{ matches: ['GOODBOOT_EVENT=check-failed'], last: 5 }`);
    expect(more).toEqual([]);
    expect(entry).toMatchObject({
      message: `Check web failed: ${fields.GOODBOOT_REASON}`,
      priority: 4,
      fields: { GOODBOOT_REASON: fields.GOODBOOT_REASON, _SYSTEMD_UNIT: 'probe.service' },
    });
    expect(Math.abs(Date.now() * 1000 - entry!.timeUsec)).toBeLessThan(120_000_000);
  });
});

test('the whole catalog is taken without a complaint', async () => {
  expect(catalogUpdate).toBe('');
  const listed = await machine.sh('journalctl --list-catalog');
  for (const { id, subject } of Object.values(EVENTS)) expect(listed).toContain(`${id} goodboot: ${subject}`);
});

describe('the journal is read', () => {
  beforeAll(async () => {
    await inMachine(`
      const log = makeLogger({ journal: true, level: 'info' });
      for (let n = 0; n < 1500; n += 1) log.info({ n, parity: n % 2 === 0 ? 'even' : 'odd', what: 'many' }, 'line ' + n);
      log.warn({ what: 'large', blob: 'x'.repeat(300000) }, 'large');
      log.error(Object.assign(new Error('no answer'), { code: 'DBUS_TIMEOUT' }), 'failed');
    `);
  });
  const numbers = (entries: readonly JournalEntry[]) => entries.map(({ fields }) => Number(fields['GOODBOOT_N']));

  test('from its end, oldest first', async () => {
    expect(numbers(await read(`{ matches: ['GOODBOOT_WHAT=many'], last: 3 }`))).toEqual([1497, 1498, 1499]);
  });

  test('where all matches on different fields hold', async () => {
    const query = `{ matches: ['GOODBOOT_WHAT=many', 'GOODBOOT_PARITY=odd'], last: 2 }`;
    expect(numbers(await read(query))).toEqual([1497, 1499]);
  });

  test.each([
    ['what is not there', `{ matches: ['GOODBOOT_WHAT=other'], last: 5 }`, 0],
    ['none', `{ matches: ['GOODBOOT_WHAT=many'], last: 0 }`, 0],
    ['at most 1000 entries, however many are asked for', `{ matches: ['GOODBOOT_WHAT=many'], last: 5000 }`, 1000],
  ])('%s', async (_, query, length) => {
    expect(await read(query)).toHaveLength(length);
  });

  test('with a field cut at 64 KiB', async () => {
    const [entry] = await read(`{ matches: ['GOODBOOT_WHAT=large'], last: 1 }`);
    expect(entry?.fields['GOODBOOT_BLOB']).toMatch(/^x{65000,65536}$/);
  });

  test('with the error code of a log line', async () => {
    const [entry] = await read(`{ matches: ['GOODBOOT_ERROR_CODE=DBUS_TIMEOUT'], last: 1 }`);
    expect(entry).toMatchObject({ message: 'failed: no answer', priority: 3 });
  });

  test('and what is no match is an error that names it', async () => {
    const told = await inMachine(
      `makeJournal().read({ matches: ['no match'], last: 1 }).catch((error) => console.log(error.code, error.message));`,
    );
    expect(told).toBe('FILE_UNREADABLE journal: match no match: EINVAL\n');
  });
});

test('the service manager is told a status', async () => {
  // systemd asks the kernel what unit the sender is of: one that has ended meanwhile is of none.
  const told = `console.log(notify('STATUS=3 of 9 checks are done')); setTimeout(() => 0, 1000);`;
  expect(await inMachine(told)).toBe('true\n');
  await expect.poll(() => machine.unit('probe.service')).toMatchObject({ StatusText: '3 of 9 checks are done' });
});
