import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isWithin, parseWindow } from '../../src/core/drill/window.ts';
import { GoodbootError } from '../../src/core/errors.ts';

/** 2026-11-21 is a Saturday. */
const at = (day: string, time: string): number => Date.parse(`2026-11-${day}T${time}:00Z`);

describe('a window', () => {
  test.each([
    ['02:00-04:00', '21', '02:00', true],
    ['02:00-04:00', '21', '03:59', true],
    ['02:00-04:00', '21', '04:00', false],
    ['02:00-04:00', '21', '01:59', false],
    ['Sat 22:00-04:00', '21', '22:00', true],
    ['Sat 22:00-04:00', '22', '03:59', true],
    ['Sat 22:00-04:00', '22', '22:00', false],
    ['Sat 22:00-04:00', '21', '03:00', false],
    ['Sat,Mon 10:00-11:00', '23', '10:30', true],
    ['Sat,Mon 10:00-11:00', '22', '10:30', false],
    ['Fri..Mon 10:00-11:00', '22', '10:30', true],
    ['Fri..Mon 10:00-11:00', '24', '10:30', false],
    ['Sun 00:00-00:00', '22', '23:59', true],
    ['Sun 00:00-00:00', '23', '00:00', false],
  ])('%s: the %s at %s is inside: %s', (text, day, time, inside) => {
    expect(isWithin(parseWindow(text), at(day, time))).toBe(inside);
  });

  test.each([
    ['', /days and two times/],
    ['02:00', /days and two times/],
    ['Sat 2:00-4:00', /days and two times/],
    ['24:00-25:00', /24:00 is no time of the day/],
    ['01:60-02:00', /01:60 is no time/],
    ['Sam 01:00-02:00', /Sam is no day of the week/],
    ['Mon..Wed..Fri 01:00-02:00', /Mon\.\.Wed\.\.Fri is no day/],
    ['Mon, 01:00-02:00', /^"Mon, 01:00-02:00": {2}is no day/],
  ])('"%s" is refused', (text, why) => {
    expect(() => parseWindow(text)).toThrow(expect.objectContaining({ code: 'WINDOW_INVALID' }));
    expect(() => parseWindow(text)).toThrow(why);
  });

  test('any text is a window or is refused with a code', () => {
    const part = fc.constantFrom('Mon', 'Sun', '..', ',', ' ', '02:00', '-', '23:59', '24:00', 'x');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part).map((parts) => parts.join('')),
        ),
        (text) => {
          try {
            const { days, start, lengthMinutes } = parseWindow(text);
            return days.size > 0 && start >= 0 && start < 1440 && lengthMinutes > 0 && lengthMinutes <= 1440;
          } catch (error) {
            return error instanceof GoodbootError && error.code === 'WINDOW_INVALID';
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('it is open for as long as it is, however the days and the times lie', () => {
    const clock = fc.tuple(fc.nat(23), fc.nat(59)).map((parts) => parts.map((n) => `${n}`.padStart(2, '0')).join(':'));
    fc.assert(
      fc.property(clock, clock, fc.nat(6), (from, to, day) => {
        const name = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][day];
        const window = parseWindow(`${name} ${from}-${to}`);
        const week = Array.from({ length: 7 * 1440 }, (_, minute) => at('22', '00:00') + minute * 60_000);
        expect(week.filter((moment) => isWithin(window, moment)).length).toBe(window.lengthMinutes);
      }),
      { numRuns: 30 },
    );
  });
});
