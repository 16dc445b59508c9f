// What a Redis says of itself that matters for a queue. Source: Redis documentation, INFO and "Key eviction".
import type { Redis } from 'ioredis';
import { isNear } from '../../addresses/near.js';
import type { RedisAddress } from '../../addresses/redis.js';
import { describe } from '../../errors.js';
import type { Finding } from '../../finding.js';
import { refused } from './refusals.js';

/** @returns what is not well, or one that tells how it is. @throws what keeps it from being asked */
export async function checkRedis(client: Redis, address: RedisAddress): Promise<Finding[]> {
  let info: string;
  try {
    info = await client.info();
  } catch (error) {
    if (!/NOPERM/.test(describe(error))) throw error;
    return [
      { level: 'mind', about: 'Redis', sentence: 'its user may not ask how it is set. Give it the right: +info' },
    ];
  }
  const forbidden = await waitsForJobs(client);
  if (forbidden !== undefined) return [forbidden];
  const told = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const found = [
    onEviction(told('maxmemory_policy'), told('maxmemory')),
    onReplica(told('role')),
    onMemory(Number(told('used_memory')), Number(told('maxmemory'))),
    onTls(address),
  ].filter((finding) => finding !== undefined);
  const keeps =
    told('aof_enabled') === '1' ? 'keeps what it has (AOF)' : 'may lose jobs when it ends, which are made again';
  return found.length > 0
    ? found
    : [
        {
          level: 'well',
          about: 'Redis',
          sentence: `version ${told('redis_version')}, noeviction, ${address.tls === undefined ? 'without TLS' : 'TLS'}; it ${keeps}`,
        },
      ];
}

/** As a worker does, on a key that nobody has; undefined = it may. */
async function waitsForJobs(client: Redis): Promise<Finding | undefined> {
  try {
    await client.bzpopmin('hive-sync-check', 0.001);
    return undefined;
  } catch (error) {
    const finding = refused('jobs', error);
    // A replica or a full one refuses it, too, and is told by what it says of itself.
    if (finding?.mayPass === true) return undefined;
    if (finding === undefined) throw error;
    return finding;
  }
}

const onEviction = (policy: string, most: string): Finding | undefined =>
  policy === '' || policy === 'noeviction'
    ? undefined
    : {
        level: most === '0' ? 'mind' : 'stop',
        about: 'eviction of Redis',
        sentence: `its maxmemory-policy is ${policy}, which throws jobs away when memory is short. Set: maxmemory-policy noeviction`,
      };

const onReplica = (role: string): Finding | undefined =>
  role !== 'slave'
    ? undefined
    : {
        level: 'stop',
        about: 'Redis',
        sentence: 'it is a replica, where nothing can be written. REDIS_URL has to name the primary.',
        mayPass: true,
      };

const onMemory = (used: number, most: number): Finding | undefined =>
  most > 0 && used > most * 0.9 && used < most
    ? {
        level: 'mind',
        about: 'memory of Redis',
        sentence: `more than nine tenths of it are used. Raise its maxmemory, or remove what others keep in it.`,
      }
    : undefined;

const onTls = ({ tls, host, isSocket }: RedisAddress): Finding | undefined =>
  tls !== undefined || isSocket || isNear(host)
    ? undefined
    : {
        level: 'mind',
        about: 'TLS to Redis',
        sentence:
          'its password and the jobs go over the network in clear. Write rediss:// in REDIS_URL, if it has TLS.',
      };
