import { describe, expect, test } from 'vitest';
import { cyclesIn, panicIn, parseUnitFiles, storageIn } from '../../src/core/doctor/answers.ts';
import { named } from '../../src/core/doctor/finding.ts';
import { parseEntryText } from '../../src/core/menu-entry.ts';

describe('what programs and files say', () => {
  test('an entry of the boot menu', () => {
    const text =
      'title Lab\nlinux /ostree/lab-1/vmlinuz-6.1\ninitrd /ostree/lab-1/initramfs.img\ninitrd /extra.img\noptions root=/dev/vda4 rw\noptions ostree=/ostree/boot.1/lab/1/0 panic=10\n';
    expect(parseEntryText(text)).toEqual({
      files: ['/ostree/lab-1/vmlinuz-6.1', '/ostree/lab-1/initramfs.img', '/extra.img'],
      hasKernel: true,
      ostree: '/ostree/boot.1/lab/1/0',
      composefs: null,
    });
    expect(parseEntryText('initrd /a\noptions composefs=?abc\n')).toMatchObject({
      hasKernel: false,
      composefs: 'abc',
      ostree: null,
    });
    expect(parseEntryText('\u0000')).toEqual({ files: [], hasKernel: false, ostree: null, composefs: null });
  });

  test('unit files, of systemd 252 and before', () => {
    expect(parseUnitFiles('[{"unit_file":"a.service","state":"static","preset":null}]')).toEqual([
      { name: 'a.service', state: 'static', preset: null },
    ]);
    expect(parseUnitFiles('[{"unit_file":"a.service","state":"enabled","vendor_preset":"disabled"}]')).toEqual([
      { name: 'a.service', state: 'enabled', preset: 'disabled' },
    ]);
    expect(parseUnitFiles('')).toEqual([]);
    for (const text of ['{}', '[1]', '[{"state":"x"}]', 'no']) expect(parseUnitFiles(text)).toBeNull();
  });

  test('cycles, as systemd 252 and 257 tell them', () => {
    const old =
      'a.service: Found ordering cycle on b.service/start\na.service: Found dependency on a.service/start\na.service: Job b.service/start deleted to break ordering cycle starting with a.service/start\n';
    expect(cyclesIn(old + old)).toEqual(['a.service: Found ordering cycle on b.service/start']);
    expect(
      cyclesIn('Found ordering cycle: a.service/start after b.service/start after a.service/start\n'),
    ).toHaveLength(1);
    expect(cyclesIn('x.service: Unknown key name in section [Service], ignoring\n')).toEqual([]);
  });

  test('the storage of the journal: the last one counts', () => {
    expect(storageIn('# /etc/x\n[Journal]\n#Storage=none\nStorage=volatile\n# /etc/y\nStorage = persistent\n')).toBe(
      'persistent',
    );
    expect(storageIn('[Journal]\n#Storage=auto\n')).toBe('auto');
  });

  test('panic= on a command line: the last one counts', () => {
    expect(panicIn('ro panic=5 quiet panic=-1')).toBe(-1);
    expect([panicIn('ro nopanic=5'), panicIn('panic=soon'), panicIn('')]).toEqual([null, null, null]);
  });

  test('names are told up to a few', () => {
    expect(named(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c, d, e');
    expect(named(['a', 'b', 'c', 'd', 'e', 'f'])).toBe('a, b, c, d and 2 more');
  });
});
