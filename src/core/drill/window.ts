import { GoodbootError } from '../errors.ts';

/** Days of the week as systemd.time(7) writes them; the place is that of `Date.getUTCDay`. */
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const DAY_MINUTES = 24 * 60;
const FORM = /^(?:(?<days>\S+) )?(?<from>\d{2}:\d{2})-(?<to>\d{2}:\d{2})$/;

/** A time of each week. The end is not in it; one that is not after the start is on the next day. */
export interface Window {
  /** Days on which it starts: 0 is Sunday. */
  readonly days: ReadonlySet<number>;
  /** Minutes since midnight, UTC. */
  readonly start: number;
  readonly lengthMinutes: number;
}

/**
 * Reads `Sat,Sun 22:00-04:00`, `Mon..Fri 01:30-05:00` or `02:00-04:00`: days, and a time of the day in UTC. Without days
 * it is every day.
 * @throws GoodbootError WINDOW_INVALID
 */
export function parseWindow(text: string): Window {
  const { days, from, to } = FORM.exec(text)?.groups ?? {};
  if (from === undefined || to === undefined) throw invalid(text, 'it is not written as days and two times');
  const [start, end] = [minutesOf(text, from), minutesOf(text, to)];
  const lengthMinutes = (end - start + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
  return { days: new Set(days === undefined ? DAYS.keys() : daysOf(text, days)), start, lengthMinutes };
}

function minutesOf(text: string, time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  if (hours > 23 || minutes > 59) throw invalid(text, `${time} is no time of the day`);
  return hours * 60 + minutes;
}

function daysOf(text: string, list: string): readonly number[] {
  return list.split(',').flatMap((part) => {
    const [first = '', last = first, ...more] = part.split('..');
    const [from, to] = [first, last].map((name) => DAYS.indexOf(name));
    if (from === undefined || to === undefined || from < 0 || to < 0 || more.length > 0)
      throw invalid(text, `${part} is no day of the week, nor a range of them`);
    return Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, at) => (from + at) % 7);
  });
}

const invalid = (text: string, why: string) => new GoodbootError('WINDOW_INVALID', `"${text}": ${why}`);

/** Whether a moment (milliseconds since 1970) lies in the window. */
export function isWithin({ days, start, lengthMinutes }: Window, timeMs: number): boolean {
  const time = new Date(timeMs);
  const minutes = time.getUTCHours() * 60 + time.getUTCMinutes();
  const today = time.getUTCDay();
  const startsOn = (daysAgo: number) => {
    const since = minutes + daysAgo * DAY_MINUTES - start;
    return days.has((today - daysAgo + 7) % 7) && since >= 0 && since < lengthMinutes;
  };
  return startsOn(0) || startsOn(1);
}
