import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { broken, doctorText } from '../../src/cli/render/doctor.ts';
import { terminalOf } from '../../src/cli/terminal.ts';
import { type DoctorReport, findingsOf } from '../../src/core/doctor.ts';
import { WELL } from '../helpers/doctor-facts.ts';

describe('the table', () => {
  const findings = findingsOf({ ...WELL, freezer: { seen: { timer: '/usr/x.timer' } } });
  const report: DoctorReport = {
    apiVersion: 'goodboot/v1',
    kind: 'Doctor',
    bootId: '',
    time: '',
    answer: 'no',
    findings,
    changes: [{ change: 'enable x', undo: 'systemctl disable x', result: 'done', detail: '' }],
  };
  const text = (columns?: number): readonly string[] => {
    const stream = {
      write: () => true,
      on: () => stream,
      isTTY: columns !== undefined,
      ...(columns === undefined ? {} : { columns }),
    };
    const told = doctorText(report, terminalOf(stream as never, stream as never, false));
    return stripVTControlCharacters(told).split('\n');
  };

  test('has one line for each precondition where nobody looks at a terminal, so that grep finds it', () => {
    const lines = text();
    expect(lines[0]).toBe('mended: enable x (to undo: systemctl disable x)');
    expect(lines.filter((line) => /^(pass|warn|fail|unknown|skip) /.test(line))).toHaveLength(findings.length);
    expect(lines).toContain(
      'fail     counter            /usr/x.timer marks a boot good two minutes after a login: a bad boot would not be counted',
    );
    expect(lines).toContain('                            to mend: systemctl --global mask grub-boot-success.timer');
    expect(lines.at(-2)).toBe('would a bad update be rolled back: no, see counter');
  });

  test('fits the terminal, except for commands, which are there to be copied', () => {
    for (const line of text(80)) expect(line.length <= 80 || /to mend: |to undo: /.test(line), line).toBe(true);
    expect(text(20)).toEqual(text());
  });

  test('says the state in words where there are no colours', () => {
    expect(text(80).some((line) => line.startsWith('fail '))).toBe(true);
  });

  test('breaks lines between words', () => {
    expect(broken('one two three', 7)).toEqual(['one two', 'three']);
    expect(broken('incomprehensible', 4)).toEqual(['incomprehensible']);
  });
});
