import { afterAll, beforeAll, expect, test } from 'vitest';
import { OUTPUT_SCHEMAS } from '../../src/cli/output-schema.ts';
import type { Evidence } from '../../src/core/evidence.ts';
import { build, type Directory, goodbootOn, jsonOf, makeDirectory, makeGrubenv, onlyCommand } from '../helpers/cli.ts';
import { elf } from '../helpers/elf.ts';
import { makeOstreeMachine, ON_OSTREE } from '../helpers/ostree-machine.ts';

let machine: Directory;
/** One with two deployments. */
let two: Directory;

const LINE = { time: '2026-11-21T09:45:11.519Z', priority: 3, from: 'app', message: 'no', event: null };
const EVIDENCE: Evidence = {
  v: 1,
  id: 'e1',
  boots: 1,
  deployment: 'd1',
  ended: 'panic',
  verdict: null,
  time: LINE.time,
  collectedIn: 'e2',
  journal: 'read',
  trouble: '',
  results: [{ name: 'units', required: true, state: 'fail', reason: 'app.service failed' }],
  events: [{ ...LINE, event: 'check-failed' }],
  errors: [LINE],
  lines: [LINE],
  crashes: [{ record: '/sys/fs/pstore/dmesg-efi-1', text: 'Kernel panic' }],
  leftOut: 0,
};

beforeAll(async () => {
  await build();
  machine = await makeDirectory({
    'run/goodboot/config.d/50-test.yaml': onlyCommand(['true']),
    'var/lib/goodboot/evidence/e1.json': JSON.stringify(EVIDENCE),
    'run/programs/goodboot': elf(''),
    'run/programs/libatomic.so.1': elf(''),
    'run/image/boot/grub2/grub.cfg': 'source $prefix/custom.cfg\n',
  });
  two = await makeOstreeMachine('2* 1', { v: 1, trial: null, denied: [], boots: [] });
  await makeGrubenv(`${machine.path}/boot/grub2/grubenv`, ['boot_counter=2', 'boot_success=0']);
}, 60_000);
afterAll(async () => {
  for (const each of [machine, two]) await each[Symbol.asyncDispose]();
});

const ANSWERS = [
  ['status', 'Error'],
  ['verdict', 'Verdict'],
  ['status', 'Status'],
  ['check list', 'CheckList'],
  ['check run', 'CheckRun'],
  ['mark bad', 'Mark'],
  ['history', 'History'],
  ['trial show', 'Trial'],
  ['rollback --dry-run --force', 'Rollback'],
  ['trial evidence', 'EvidenceList'],
  ['trial evidence e1', 'Evidence'],
  ['deny list', 'Denied'],
  ['deny add sha256:DIGEST', 'Denied'],
  ['--root /run/image install-grub --dry-run', 'GrubFragment'],
  ['--root /run/image install --dry-run --from /run/programs', 'Installation'],
  ['--root /run/image uninstall --dry-run', 'Uninstallation'],
  ['--root /run/image migrate greenboot --dry-run', 'Migration'],
  ['doctor', 'Doctor'],
  ['drill show', 'Drill'],
  ['begin', 'Begin'],
  ['arm', 'Arm'],
  ['config check', 'ConfigCheck'],
  ['config show', 'Config'],
  ['explain units', 'Explanation'],
  ['explain boot-held', 'Explanation'],
  ['explain GRUBENV_FULL', 'Explanation'],
] as const;

test.each(ANSWERS)('goodboot %s --json answers a %s, in one object that the schema allows', async (command, kind) => {
  const args = [...command.replace('DIGEST', 'a'.repeat(64)).split(' '), '--json'];
  const isAboutTwo = kind === 'Rollback';
  const ran = await (isAboutTwo ? goodbootOn(two, args, { how: ON_OSTREE }) : goodbootOn(machine, args));
  expect(jsonOf(ran).kind).toBe(kind);
});

test('--json may stand before the command too', async () => {
  expect(jsonOf(await goodbootOn(machine, ['--json', 'status'])).kind).toBe('Status');
});

test('goodboot config schema answers a schema, with --json or without', async () => {
  const [plain, json] = [
    await goodbootOn(machine, ['config', 'schema']),
    await goodbootOn(machine, ['config', 'schema', '--json']),
  ];
  expect(JSON.parse(plain.stdout)).toMatchObject({ title: 'goodboot configuration' });
  expect(json.stdout).toBe(plain.stdout);
});

test('no kind of answer is left out here', () => {
  expect(new Set(ANSWERS.map(([, kind]) => kind))).toEqual(new Set(Object.keys(OUTPUT_SCHEMAS)));
});
