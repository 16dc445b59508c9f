import { expect, test } from 'vitest';
import { visible } from '../src/visible.js';

test.each<[what: string, text: string, shown: string]>([
  ['plain text', 'Grüße, 注文 ✓ 😀\tand\nmore', 'Grüße, 注文 ✓ 😀\tand\nmore'],
  ['a title of the window', 'a\u001b]0;gone\u0007b', 'a\\u001b]0;gone\\u0007b'],
  ['a cleared screen', '\u001b[2Jx', '\\u001b[2Jx'],
  ['a line written over', 'refused\rfine', 'refused\\u000dfine'],
  ['C1: an escape in one character', '\u009b2J', '\\u009b2J'],
  ['delete and backspace', '\u007f\b', '\\u007f\\u0008'],
  ['text that runs backwards', 'a\u202etxt.exe\u2066', 'a\\u202etxt.exe\\u2066'],
  ['colours', '\u001b[31mred\u001b[39m', '\u001b[31mred\u001b[39m'],
  ['hidden and blinking text', '\u001b[8mx\u001b[5m', '\\u001b[8mx\\u001b[5m'],
  ['a colour that is none', '\u001b[31;8mx', '\\u001b[31;8mx'],
])('on a terminal: %s', (_what, text, shown) => {
  expect(visible(text)).toBe(shown);
});

test('JSON is the same value afterwards', () => {
  const value = { text: Array.from({ length: 0x2100 }, (_, i) => String.fromCharCode(i)).join('') };
  const json = visible(JSON.stringify(value));
  expect(JSON.parse(json)).toEqual(value);
});
