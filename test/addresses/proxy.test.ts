import { expect, test } from 'vitest';
import { proxyFor } from '../../src/addresses/proxy.js';

const API = 'https://app.hive.app/merchant_api/v1';
const PROXY = 'http://proxy.example:3128';

test.each<[string, Record<string, string>, string, string | undefined]>([
  ['nothing is set', {}, API, undefined],
  ['the one for https', { HTTPS_PROXY: PROXY }, API, PROXY],
  ['small letters go before', { HTTPS_PROXY: 'http://other', https_proxy: PROXY }, API, PROXY],
  ['the one for http is not for https', { HTTP_PROXY: PROXY }, API, undefined],
  ['the one for http', { HTTP_PROXY: PROXY }, 'http://hive.example', PROXY],
  ['the one for all', { ALL_PROXY: PROXY }, API, PROXY],
  ['without a protocol', { HTTPS_PROXY: 'proxy.example:3128' }, API, PROXY],
  ['with a password', { HTTPS_PROXY: 'http://me:p4ss@proxy.example' }, API, 'http://me:p4ss@proxy.example'],
  ['all are excepted', { HTTPS_PROXY: PROXY, NO_PROXY: '*' }, API, undefined],
  ['the host is excepted', { HTTPS_PROXY: PROXY, NO_PROXY: 'a.example, APP.hive.app' }, API, undefined],
  ['its domain is excepted', { HTTPS_PROXY: PROXY, no_proxy: 'hive.app' }, API, undefined],
  ['its domain is excepted, with a dot', { HTTPS_PROXY: PROXY, no_proxy: '.hive.app' }, API, undefined],
  ['another domain ends alike', { HTTPS_PROXY: PROXY, NO_PROXY: 'ive.app' }, API, PROXY],
  ['the port is excepted', { HTTPS_PROXY: PROXY, NO_PROXY: 'app.hive.app:443' }, API, undefined],
  ['another port is excepted', { HTTPS_PROXY: PROXY, NO_PROXY: 'app.hive.app:8443' }, API, PROXY],
  ['an address in an excepted net', { HTTP_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, 'http://10.1.2.3:8080', undefined],
  ['an address beside an excepted net', { HTTP_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, 'http://11.1.2.3', PROXY],
  ['an excepted IPv6 address', { HTTP_PROXY: PROXY, NO_PROXY: 'fd00::1' }, 'http://[fd00::1]:8080', undefined],
  ['this machine', { HTTP_PROXY: PROXY }, 'http://127.0.0.1:4000', undefined],
])('%s', (_what, env, url, expected) => {
  const problems: string[] = [];
  expect(proxyFor(url, env, problems)).toBe(expected);
  expect(problems).toEqual([]);
});

test.each(['socks5://me:p4ss@proxy.example', 'http://me:p4ss@'])('%s is refused with one sentence', (https_proxy) => {
  const problems: string[] = [];
  expect(proxyFor(API, { https_proxy }, problems)).toBeUndefined();
  expect(problems).toEqual(['https_proxy is not usable: expected http://user:password@host:3128']);
});
