import { describe, expect, test } from 'vitest';
import type { DoctorFacts } from '../../src/core/doctor/facts.ts';
import { fixesFor } from '../../src/core/doctor/fix.ts';
import { change, unproven, WELL } from '../helpers/doctor-facts.ts';

describe('what is mended', () => {
  const kinds = (facts: Partial<DoctorFacts>) =>
    fixesFor({ ...WELL, ...facts }).map(({ kind, change }) => `${kind}: ${change}`);

  test.each<[string, Partial<DoctorFacts>, readonly string[]]>([
    [
      'the fragment',
      { fragment: { seen: { ...unproven, fragment: 'absent' } } },
      ['install-grub: let /boot/grub2/grub.cfg run the counting fragment'],
    ],
    [
      'a fragment that is not known to be absent: nothing',
      { fragment: { seen: { ...unproven, fragment: 'unreadable' } } },
      [],
    ],
    [
      'units that are disabled',
      { units: { seen: { units: change('goodboot-arm.path', 'disabled') } } },
      ['enable: enable goodboot-arm.path'],
    ],
    ['units that a person masked: nothing', { units: { seen: { units: change('goodboot-arm.path', 'masked') } } }, []],
    [
      'the timer that the image brings',
      { freezer: { seen: { timer: '/usr/lib/systemd/user/x.timer' } } },
      ['mask-timer: mask grub-boot-success.timer for all users'],
    ],
    ['a timer that a person wrote: nothing', { freezer: { seen: { timer: '/etc/systemd/user/x.timer' } } }, []],
    [
      'kernel.panic',
      { panic: { seen: { timeout: 0, atStart: null } } },
      ['file: write /etc/sysctl.d/50-goodboot.conf: kernel.panic = 10'],
    ],
    [
      'the journal',
      { journal: { seen: { isPersistent: false, storage: 'auto' } } },
      ['file: write /etc/systemd/journald.conf.d/50-goodboot.conf: Storage=persistent'],
    ],
    [
      'a journal that somebody wants in memory: nothing',
      { journal: { seen: { isPersistent: false, storage: 'volatile' } } },
      [],
    ],
    [
      'what could not be told: nothing',
      { panic: { trouble: 'x' }, units: { trouble: 'x' }, journal: { trouble: 'x' } },
      [],
    ],
  ])('%s', (_, facts, wanted) => expect(kinds(facts)).toEqual(wanted));
});
