// Times are Berlin's, whatever the time of the year.
import { describe, expect, it } from 'vitest';
import { formatInstant, parseInstant } from '../../src/simulator/index.js';

const viaIntl = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', timeZoneName: 'longOffset' });

describe('an instant', () => {
  it.each([
    ['2022-11-01T16:42:07.409Z', '2022-11-01T17:42:07.409+01:00'],
    ['2022-08-10T15:53:04.822Z', '2022-08-10T17:53:04.822+02:00'],
    ['2026-03-29T00:59:59.999Z', '2026-03-29T01:59:59.999+01:00'],
    ['2026-03-29T01:00:00.000Z', '2026-03-29T03:00:00.000+02:00'],
    ['2026-10-25T00:59:59.999Z', '2026-10-25T02:59:59.999+02:00'],
    ['2026-10-25T01:00:00.000Z', '2026-10-25T02:00:00.000+01:00'],
    ['2025-12-31T23:30:00.000Z', '2026-01-01T00:30:00.000+01:00'],
  ])('%s is written %s', (utc, berlin) => {
    expect(formatInstant(Date.parse(utc))).toBe(berlin);
    expect(parseInstant(berlin)).toBe(Date.parse(utc));
  });

  it('has the offset that the time zone database gives, on every day of thirty years', () => {
    for (let ms = Date.UTC(2005, 0, 1); ms < Date.UTC(2035, 0, 1); ms += 86_400_000) {
      const offset = viaIntl.formatToParts(ms).find((part) => part.type === 'timeZoneName')?.value;
      expect(`GMT${formatInstant(ms).slice(-6)}`).toBe(offset);
    }
  });

  it.each([
    '',
    'yesterday',
    '2026-11-01',
    '2026-11-01T12:00:00.000',
    '2026-11-01T12:00:00.000 01:00',
    '2026-13-01T12:00:00Z',
    '2026-02-30T12:00:00Z',
    '2026-11-01T25:00:00Z',
    '1762000000',
  ])('is not read from %j', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });
});
