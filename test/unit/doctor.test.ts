import { describe, expect, test } from 'vitest';
import type { DoctorFacts } from '../../src/core/doctor/facts.ts';
import { fixesFor } from '../../src/core/doctor/fix.ts';
import { answerOf, type DoctorReport, doctorExit, findingsOf, isSameResult, reasonOf } from '../../src/core/doctor.ts';
import {
  A,
  B,
  change,
  enabled,
  entry,
  extension,
  fragment,
  greenboot,
  grubenv,
  hardware,
  MIB,
  software,
  space,
  stub,
  unproven,
  WELL,
} from '../helpers/doctor-facts.ts';

/** The finding of that name when some facts are otherwise. */
const found = (id: string, facts: Partial<DoctorFacts>) =>
  findingsOf({ ...WELL, ...facts }).find((each) => each.id === id)!;

test('a node of which everything is well would come back, and nothing is to be mended', () => {
  const findings = findingsOf(WELL);
  expect(findings.filter(({ state }) => state !== 'pass').map(({ id, state }) => `${id} ${state}`)).toEqual([
    'counting skip',
    'collector skip',
  ]);
  expect([answerOf(findings, true), doctorExit(findings), fixesFor(WELL)]).toEqual(['yes', 0, []]);
});

const CASES: readonly (readonly [id: string, what: string, facts: Partial<DoctorFacts>, state: string, why: RegExp])[] =
  [
    [
      'deployments',
      'no deployments',
      { deployments: { seen: { booted: null, entries: null } } },
      'fail',
      /no deployments/,
    ],
    ['deployments', 'no menu', { deployments: { seen: { booted: A, entries: null } } }, 'unknown', /no \/boot\/loader/],
    [
      'deployments',
      'one',
      { deployments: { seen: { booted: A, entries: [entry(A)] } } },
      'warn',
      /only the one that runs/,
    ],
    [
      'deployments',
      'the same twice',
      { deployments: { seen: { booted: A, entries: [entry(A), entry(A)] } } },
      'warn',
      /only the one/,
    ],
    [
      'deployments',
      'a broken other one',
      { deployments: { seen: { booted: A, entries: [entry(A), entry(B, 'vmlinuz is empty')] } } },
      'fail',
      /ostree-b.conf: vmlinuz is empty/,
    ],
    [
      'deployments',
      'a broken one that runs',
      { deployments: { seen: { booted: A, entries: [entry(A, 'initrd is missing'), entry(B)] } } },
      'fail',
      /initrd is missing/,
    ],
    [
      'deployments',
      'no entry for what runs',
      { deployments: { seen: { booted: A, entries: [entry(B)] } } },
      'fail',
      /no boot entry starts/,
    ],
    [
      'deployments',
      'entries that name nothing',
      { deployments: { seen: { booted: A, entries: [entry(null)] } } },
      'unknown',
      /cannot be told/,
    ],
    [
      'deployments',
      'two, one of them an image',
      { deployments: { seen: { booted: A, entries: [entry(A), entry(null)] } } },
      'pass',
      /^2 /,
    ],
    ['boot-loader', 'none', { bootLoader: { name: 'noop', detail: 'no grubenv' } }, 'fail', /no grubenv/],
    [
      'boot-loader',
      'one that is switched off',
      { bootLoader: { name: 'noop', detail: 'the configuration says noop' } },
      'fail',
      /noop/,
    ],
    ['fragment', 'absent', { fragment: { seen: { ...unproven, fragment: 'absent' } } }, 'fail', /does not read it/],
    [
      'fragment',
      'proven, whatever the files say',
      { fragment: { seen: { ...fragment, fragment: 'absent', start: { kind: 'unseen', why: 'x' } } } },
      'pass',
      /GRUB ran it/,
    ],
    [
      'fragment',
      'unreadable',
      { fragment: { seen: { ...unproven, fragment: 'unreadable' } } },
      'unknown',
      /cannot be read/,
    ],
    [
      'fragment',
      'no grub.cfg',
      { fragment: { seen: { ...unproven, directory: null, fragment: 'absent' } } },
      'unknown',
      /no grub.cfg/,
    ],
    ['fragment', 'not proven yet', { fragment: { seen: unproven } }, 'pass', /the next boot proves it/],
    [
      'fragment',
      'of a BIOS',
      { fragment: { seen: { ...unproven, start: { kind: 'bios' } } } },
      'pass',
      /the next boot proves it/,
    ],
    [
      'fragment',
      'old, and not proven',
      { fragment: { seen: { ...unproven, isOlderThanBoot: true } } },
      'fail',
      /left no proof/,
    ],
    [
      'fragment',
      'old, and nobody looked',
      { fragment: { seen: { ...unproven, proven: null, isOlderThanBoot: true } } },
      'pass',
      /next boot/,
    ],
    [
      'fragment',
      'behind a stub that is not seen',
      { fragment: { seen: { ...unproven, start: { kind: 'unseen', why: 'not mounted' } } } },
      'unknown',
      /not mounted/,
    ],
    [
      'fragment',
      'not where the only stub leads',
      { fragment: { seen: { ...unproven, start: { kind: 'stubs', stubs: [stub('elsewhere')] } } } },
      'fail',
      /leads elsewhere/,
    ],
    [
      'fragment',
      'where one of two stubs leads',
      { fragment: { seen: { ...unproven, start: { kind: 'stubs', stubs: [stub('here'), stub('elsewhere')] } } } },
      'unknown',
      /leads elsewhere/,
    ],
    [
      'fragment',
      'where a stub may lead',
      { fragment: { seen: { ...unproven, start: { kind: 'stubs', stubs: [stub('unknown')] } } } },
      'unknown',
      /leads unknown/,
    ],
    [
      'grubenv',
      'missing',
      { grubenv: { seen: { ...grubenv, trouble: { message: 'does not exist', hint: 'create it', isWrong: true } } } },
      'fail',
      /does not exist/,
    ],
    [
      'grubenv',
      'hidden',
      { grubenv: { seen: { ...grubenv, trouble: { message: 'EACCES', hint: 'be root', isWrong: false } } } },
      'unknown',
      /EACCES/,
    ],
    [
      'grubenv',
      'on btrfs',
      { grubenv: { seen: { ...grubenv, place: { type: 'btrfs', source: '/dev/vda3', canWrite: false } } } },
      'fail',
      /btrfs.*cannot write/,
    ],
    ['grubenv', 'on something', { grubenv: { seen: { ...grubenv, place: null } } }, 'unknown', /cannot be told/],
    [
      'grubenv',
      'written by GRUB',
      { grubenv: { seen: { ...grubenv, place: null, proven: true } } },
      'pass',
      /written by GRUB/,
    ],
    [
      'grubenv',
      'missing since GRUB wrote it',
      {
        grubenv: {
          seen: { ...grubenv, proven: true, trouble: { message: 'does not exist', hint: 'create it', isWrong: true } },
        },
      },
      'fail',
      /does not exist/,
    ],
    ['grubenv', 'a link away', { grubenv: { seen: { ...grubenv, isLinkedAway: true } } }, 'fail', /does not follow/],
    ['counting', 'refused', { counting: { seen: { attempts: { refused: 'no counter' } } } }, 'fail', /no counter/],
    ['counting', 'given', { counting: { seen: { attempts: 3 } } }, 'pass', /3 attempts/],
    [
      'counter',
      'frozen',
      { freezer: { seen: { timer: '/usr/lib/systemd/user/grub-boot-success.timer' } } },
      'fail',
      /grub-boot-success/,
    ],
    [
      'password',
      'free for all',
      { password: { seen: { superusers: true, restricted: [], restrictsOthers: false } } },
      'pass',
      /no entry/,
    ],
    [
      'password',
      'asked for',
      { password: { seen: { superusers: true, restricted: ['ostree-1.conf'], restrictsOthers: true } } },
      'fail',
      /ostree-1.conf/,
    ],
    [
      'password',
      'asked for after the next update',
      { password: { seen: { superusers: true, restricted: [], restrictsOthers: true } } },
      'fail',
      /any but the newest/,
    ],
    [
      'panic',
      'for ever',
      { panic: { seen: { timeout: 0, atStart: null } }, watchdog: { seen: { runtimeMs: 0, devices: [hardware] } } },
      'fail',
      /for ever/,
    ],
    [
      'panic',
      'for ever, and no one asked about the watchdog',
      { panic: { seen: { timeout: 0, atStart: null } }, watchdog: { trouble: 'x' } },
      'fail',
      /for ever/,
    ],
    [
      'panic',
      'for ever, with a soft watchdog',
      { panic: { seen: { timeout: 0, atStart: 0 } }, watchdog: { seen: { runtimeMs: 60_000, devices: [software] } } },
      'fail',
      /for ever/,
    ],
    ['panic', 'until the watchdog', { panic: { seen: { timeout: 0, atStart: null } } }, 'warn', /only the watchdog/],
    ['panic', 'late', { panic: { seen: { timeout: 10, atStart: null } } }, 'warn', /sysctl/],
    ['panic', 'at once', { panic: { seen: { timeout: -1, atStart: -1 } } }, 'pass', /at once/],
    ['watchdog', 'none', { watchdog: { seen: { runtimeMs: 60_000, devices: [] } } }, 'warn', /no watchdog/],
    ['watchdog', 'asleep', { watchdog: { seen: { runtimeMs: 0, devices: [hardware] } } }, 'warn', /does not use it/],
    [
      'watchdog',
      'soft',
      { watchdog: { seen: { runtimeMs: 60_000, devices: [software] } } },
      'pass',
      /unless its kernel hangs/,
    ],
    [
      'watchdog',
      'soft and hard',
      { watchdog: { seen: { runtimeMs: 60_000, devices: [software, hardware] } } },
      'pass',
      /iTCO_wdt\) resets a system that hangs for 1 m$/,
    ],
    ['journal', 'in memory', { journal: { seen: { isPersistent: false, storage: 'auto' } } }, 'warn', /lost with it$/],
    [
      'journal',
      'in memory on purpose',
      { journal: { seen: { isPersistent: false, storage: 'volatile' } } },
      'warn',
      /Storage=volatile/,
    ],
    ['units', 'missing', { units: { seen: { units: enabled.slice(1) } } }, 'fail', /not installed: goodboot-arm.path/],
    [
      'units',
      'disabled',
      { units: { seen: { units: change('goodboot-verdict.service', 'disabled') } } },
      'fail',
      /goodboot-verdict.service is disabled/,
    ],
    [
      'units',
      'masked',
      { units: { seen: { units: change('goodboot-begin.service', 'masked') } } },
      'fail',
      /is masked/,
    ],
    [
      'units',
      'against the preset',
      { units: { seen: { units: change('goodboot-arm.path', 'enabled', 'disabled') } } },
      'warn',
      /preset says otherwise for goodboot-arm.path/,
    ],
    [
      'units',
      'in place of those of the image',
      { units: { seen: { units: [{ ...enabled[0]!, isInPlaceOfImage: true }, ...enabled.slice(1)] } } },
      'warn',
      /in place of the image's, which are not used: goodboot-arm.path/,
    ],
    [
      'units',
      'of an extension that no boot would start',
      { units: { seen: { units: [...enabled, ...extension.slice(0, 1)] } } },
      'fail',
      /not installed: goodboot-extension.service: the next boot/,
    ],
    [
      'units',
      'of an extension that is not enabled',
      { units: { seen: { units: [...enabled, extension[0]!, { ...extension[1]!, state: 'disabled' }] } } },
      'fail',
      /goodboot-extension.service is disabled/,
    ],
    ['units', 'of an extension', { units: { seen: { units: [...enabled, ...extension] } } }, 'pass', /^7 units/],
    [
      'ordering',
      'a cycle',
      { ordering: { seen: { cycles: ['a.service: Found ordering cycle on b.service/start'] } } },
      'fail',
      /a.service/,
    ],
    ['greenboot', 'fighting', { greenboot: { seen: { ...greenboot, isSkipped: false } } }, 'fail', /would run too/],
    [
      'greenboot',
      'fought',
      { greenboot: { seen: { ...greenboot, ran: ['greenboot-healthcheck.service'] } } },
      'fail',
      /ran in this boot/,
    ],
    [
      'greenboot',
      'asleep',
      { greenboot: { seen: { ...greenboot, enabled: [], isSkipped: false } } },
      'pass',
      /not enabled/,
    ],
    [
      'greenboot',
      'not there',
      { greenboot: { seen: { enabled: [], installed: 0, isSkipped: false, ran: [] } } },
      'pass',
      /not installed/,
    ],
    ['updater', 'none', { updater: { seen: { enabled: [] } } }, 'warn', /none is enabled/],
    ['updater', 'two', { updater: { seen: { enabled: ['zincati.service', 'uupd.timer'] } } }, 'warn', /both enabled/],
    [
      'checks',
      'a required name is wrong',
      {
        checks: {
          seen: { missing: [{ check: 'units', required: true, what: 'unit ap.service' }], troubles: ['x'], looked: 1 },
        },
      },
      'fail',
      /units looks for unit ap.service/,
    ],
    [
      'checks',
      'a wanted name is wrong',
      {
        checks: {
          seen: { missing: [{ check: 'units', required: false, what: 'unit ap.service' }], troubles: [], looked: 1 },
        },
      },
      'warn',
      /ap.service/,
    ],
    [
      'checks',
      'podman is away',
      { checks: { seen: { missing: [], troubles: ['web: podman: no such program'], looked: 1 } } },
      'unknown',
      /no such program/,
    ],
    [
      'config',
      'broken',
      { config: { seen: { problems: [{ severity: 'error', code: 'CONFIG_INVALID', text: 'f:1:1 x' }] } } },
      'fail',
      /f:1:1 x/,
    ],
    [
      'config',
      'odd',
      { config: { seen: { problems: [{ severity: 'warning', code: 'CONFIG_IGNORED', text: 'f: y' }] } } },
      'warn',
      /f: y/,
    ],
    [
      'config',
      'requires nothing, which has a line of its own',
      { config: { seen: { problems: [{ severity: 'warning', code: 'NO_REQUIRED_CHECK', text: 'z' }] } } },
      'pass',
      /valid/,
    ],
    ['required', 'only the defaults', { required: { seen: { own: [], members: [] } } }, 'warn', /only the defaults/],
    [
      'required',
      'a member of the target',
      { required: { seen: { own: [], members: ['app.service'] } } },
      'pass',
      /app.service/,
    ],
    [
      'collector',
      'away',
      { collector: { seen: { url: 'https://c', answer: { failure: 'ECONNREFUSED' } } } },
      'warn',
      /ECONNREFUSED/,
    ],
    ['collector', 'ill', { collector: { seen: { url: 'https://c', answer: { status: 502 } } } }, 'warn', /502/],
    ['collector', 'there', { collector: { seen: { url: 'https://c', answer: { status: 404 } } } }, 'pass', /answers/],
    [
      'clock',
      'before the build',
      { clock: { seen: { nowMs: 0, builtMs: 1e12, synchronised: true } } },
      'fail',
      /1970-01-01/,
    ],
    [
      'clock',
      'nobody can tell',
      { clock: { seen: { nowMs: 2e12, builtMs: 1e12, synchronised: null } } },
      'unknown',
      /cannot be told/,
    ],
    [
      'clock',
      'free',
      { clock: { seen: { nowMs: 2e12, builtMs: 1e12, synchronised: false } } },
      'warn',
      /no time source/,
    ],
    [
      'space',
      'a full /var',
      { space: { seen: { ...space, var: { ...space.var, freeBytes: 8 * MIB } } } },
      'fail',
      /\/var has 8 MiB left/,
    ],
    [
      'space',
      'no inode in /var',
      { space: { seen: { ...space, var: { ...space.var, freeInodes: 3 } } } },
      'fail',
      /\/var/,
    ],
    [
      'space',
      'a /var without an inode table',
      { space: { seen: { ...space, var: { ...space.var, freeInodes: 0, totalInodes: 0 } } } },
      'pass',
      /\/var/,
    ],
    [
      'space',
      'little of /var',
      { space: { seen: { ...space, var: { ...space.var, freeBytes: 100 * MIB } } } },
      'warn',
      /100 MiB/,
    ],
    ['space', 'no /var', { space: { seen: { ...space, var: null } } }, 'unknown', /\/var is not there/],
    [
      'space',
      'a full /boot, and little of /var',
      { space: { seen: { ...space, boot: { freeBytes: 1000 }, var: { ...space.var, freeBytes: 100 * MIB } } } },
      'fail',
      /\/boot has 1000 B left; \/var has only/,
    ],
    [
      'space',
      'too little for one more kernel',
      { space: { seen: { ...space, boot: { freeBytes: 50 * MIB } } } },
      'warn',
      /takes 90 MiB/,
    ],
    [
      'memory',
      'unreadable',
      { memory: { seen: { troubles: [{ message: 'state.json: no state', hint: 'look' }], damage: [] } } },
      'fail',
      /no state/,
    ],
    ['memory', 'damaged', { memory: { seen: { troubles: [], damage: ['the last line is torn'] } } }, 'warn', /torn/],
  ];

test.each(CASES)('%s: %s', (id, _what, facts, state, why) => {
  const finding = found(id, facts);
  expect(finding).toMatchObject({ state, why: expect.stringMatching(why) });
  // Whoever is told of a fault is told what to do.
  if (state === 'fail' || state === 'warn') expect(finding.cure).toMatch(/\w{3}/);
});

test('each finding has a case in which it is not well', () => {
  const ids = new Set(CASES.filter(([, , , state]) => state !== 'pass').map(([id]) => id));
  expect(ids).toEqual(new Set(findingsOf(WELL).map(({ id }) => id)));
});

describe('the answer', () => {
  const ALL = findingsOf(WELL).map(({ id }) => id);
  const KEYS: Readonly<Record<string, keyof DoctorFacts>> = { counter: 'freezer' };

  test.each(ALL.filter((id) => id !== 'boot-loader'))(
    'a question about %s that goes wrong is unknown, and hides nothing else',
    (id) => {
      const findings = findingsOf({ ...WELL, [KEYS[id] ?? id]: { trouble: 'no answer within 30 s' } });
      const others = findings.filter((finding) => finding.id !== id);
      expect(findings.find((finding) => finding.id === id)).toMatchObject({
        state: 'unknown',
        why: 'no answer within 30 s',
      });
      expect(others).toEqual(findingsOf(WELL).filter((finding) => finding.id !== id));
      const isDecisive = findings.find((finding) => finding.id === id)?.decisive;
      expect([answerOf(findings, true), doctorExit(findings)]).toEqual([isDecisive ? 'not-sure' : 'yes', 21]);
    },
  );

  test('is no where something fails that it stands on, whatever could not be told', () => {
    const findings = findingsOf({ ...WELL, units: { trouble: 'x' }, freezer: { seen: { timer: '/usr/x' } } });
    expect([answerOf(findings, true), doctorExit(findings)]).toEqual(['no', 20]);
    expect(reasonOf({ answer: 'no', findings })).toBe('see counter');
  });

  test('is yes where something fails that it does not stand on; the exit status says that something fails', () => {
    const findings = findingsOf({
      ...WELL,
      config: { seen: { problems: [{ severity: 'error', code: 'x', text: 'y' }] } },
    });
    expect([answerOf(findings, true), doctorExit(findings)]).toEqual(['yes', 20]);
  });

  test('of files alone is never yes', () => {
    const findings = findingsOf(WELL);
    expect([answerOf(findings, false), doctorExit(findings)]).toEqual(['not-sure', 0]);
    expect(reasonOf({ answer: 'not-sure', findings })).toBe('only the running machine can tell the rest');
  });

  test('is another one when a state changed, and not when a sentence did', () => {
    const report = (facts: DoctorFacts): DoctorReport => {
      const findings = findingsOf(facts);
      const answer = answerOf(findings, true);
      return { apiVersion: 'goodboot/v1', kind: 'Doctor', bootId: '', time: '', answer, findings, changes: [] };
    };
    const less = { ...WELL, space: { seen: { ...space, boot: { freeBytes: 199 * MIB } } } };
    expect(isSameResult(report(WELL), report(less))).toBe(true);
    expect(isSameResult(report(WELL), report({ ...WELL, clock: { trouble: 'x' } }))).toBe(false);
  });
});
