// Whatever a value is, it cannot become HTML.

import { expect, test } from 'vitest';
import { html } from '../../src/server/html.js';
import fc from '../support/property.js';

test.each([
  ['<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
  ['" onload="alert(1)', '&quot; onload=&quot;alert(1)'],
  ["' onload='alert(1)", '&#39; onload=&#39;alert(1)'],
  ['&lt;', '&amp;lt;'],
  ['</textarea><img src=x onerror=alert(1)>', '&lt;/textarea&gt;&lt;img src=x onerror=alert(1)&gt;'],
])('%s is text, in a text and in an attribute', (hostile, escaped) => {
  expect(html`<p title="${hostile}">${hostile}</p>`.text).toBe(`<p title="${escaped}">${escaped}</p>`);
});

test('any text comes out without a sign that could end a text or an attribute in quotes', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(html`${text}`.text).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|#39);)/);
    }),
  );
});

test('HTML stays, lists are joined, nothing is nothing and zero is zero', () => {
  const list = ['a<', 'b'].map((one) => html`<li>${one}</li>`);
  expect(html`<ul>${list}</ul>${null}${undefined}${false}${0}${''}`.text).toBe('<ul><li>a&lt;</li><li>b</li></ul>0');
});

test('an object that only looks like HTML is escaped', () => {
  const likeness = { text: '<b>', toString: () => '<b>' } as unknown as string;
  expect(html`${likeness}`.text).toBe('&lt;b&gt;');
});
