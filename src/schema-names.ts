// What the schemas are called. HIVE_SCHEMA, SYNC_SCHEMA and QUEUE_SCHEMA say it before the first migration. Code,
// migrations and comments write the default names; db/connection/requalify.ts puts the chosen ones into statements, and
// what stands as a value or is read by people takes them from here. A process works one installation.

const DEFAULTS = { hive: 'hive', masked: 'hive_masked', sync: 'sync', queue: 'bullmq' } as const;

type Role = keyof typeof DEFAULTS;
export type SchemaNames = Readonly<Record<Role, string>>;

let chosen: SchemaNames = DEFAULTS;
let changed: ReadonlyMap<string, string> = new Map();

/** Names as they are, unquoted. */
export const schemas: SchemaNames = {
  get hive() {
    return chosen.hive;
  },
  get masked() {
    return chosen.masked;
  },
  get sync() {
    return chosen.sync;
  },
  get queue() {
    return chosen.queue;
  },
};

/** Before anything is asked of the database. */
export function chooseSchemas(names: SchemaNames): void {
  chosen = names;
  const differing = (Object.keys(DEFAULTS) as Role[]).filter((role) => names[role] !== DEFAULTS[role]);
  changed = new Map(differing.map((role) => [DEFAULTS[role], names[role]]));
}

/** Default name → chosen name, of those that differ; another map after each choice. */
export const changedNames = (): ReadonlyMap<string, string> => changed;

/** The name that a schema has which is `name` by default. */
export const calledNow = (name: string): string => changed.get(name) ?? name;

/** The setting that says how a schema is called. */
export const SETTING_OF = { hive: 'HIVE_SCHEMA', sync: 'SYNC_SCHEMA', queue: 'QUEUE_SCHEMA' } as const;

/** @param given what the settings say; undefined = default. @returns with that of the masked schema */
export const namesFrom = (given: Readonly<Partial<Record<keyof typeof SETTING_OF, string | undefined>>>): SchemaNames =>
  Object.freeze({
    hive: given.hive ?? DEFAULTS.hive,
    masked: `${given.hive ?? DEFAULTS.hive}_masked`,
    sync: given.sync ?? DEFAULTS.sync,
    queue: given.queue ?? DEFAULTS.queue,
  });

/** PostgreSQL cuts longer names, in bytes. */
const LONGEST_BYTES = 63;
/** With `_masked` behind it. */
const LONGEST_HIVE_BYTES = LONGEST_BYTES - '_masked'.length;

const isName = (name: string): boolean =>
  !/\p{Cc}/u.test(name) && !/^(pg_.*|public|information_schema)$/i.test(name) && name.trim() !== '';

export const isHiveName = (name: string): boolean => isName(name) && Buffer.byteLength(name) <= LONGEST_HIVE_BYTES;
export const isSyncName = (name: string): boolean => isName(name) && Buffer.byteLength(name) <= LONGEST_BYTES;
/** BullMQ quotes names, but takes only such; capital letters would be another name in search_path. */
export const isQueueName = (name: string): boolean => isName(name) && /^[a-z_][a-z0-9_]{0,62}$/.test(name);

/**
 * One name for two schemas, or the default name of another one: in a statement nobody could tell which is meant.
 * @returns a sentence; undefined = there is none
 */
export function clashOf(names: SchemaNames): string | undefined {
  const roles = Object.keys(DEFAULTS) as Role[];
  for (const role of roles) {
    const other = roles.find((one) => one !== role && [names[one], DEFAULTS[one]].includes(names[role]));
    if (other === undefined) continue;
    const [setting, otherSetting] = [SETTING_OF[settled(role)], SETTING_OF[settled(other)]];
    return setting === otherSetting
      ? `${setting} is "${names.hive}", which is the name of another schema of hive-sync: expected another one`
      : `${setting} makes a schema "${names[role]}", which is a name of ${otherSetting}: expected different names, and none that another schema has by default`;
  }
  return undefined;
}

const settled = (role: Role): keyof typeof SETTING_OF => (role === 'masked' ? 'hive' : role);

/** As PostgreSQL reads a name, whatever is in it. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** As people write it: quoted where it has to be. */
export const written = (name: string): string => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : quoted(name));

/** A table or view that people may read, as they write it. */
export const tableName = (name: string): string => `${written(chosen.hive)}.${name}`;

/**
 * A name in a space that all installations of a database share, such as its advisory locks: another one in each.
 * With the default names it stays as it is.
 */
export const ownName = (name: string): string =>
  chosen.sync === DEFAULTS.sync
    ? name
    : `${name}@${chosen.sync.replace(/[^\w-]/gu, (sign) => `.${sign.codePointAt(0)?.toString(16)}.`)}`;

/** A sentence that names tables (`hive.orders`) or schemas (`schema hive`) by default names, as it is true here. */
export const inSentence = (sentence: string): string =>
  changed.size === 0
    ? sentence
    : sentence.replace(
        /(?<![\w./@-])(?:(hive|hive_masked|sync|bullmq)(?=\.[a-z_])|(?<=\bschema )(hive|hive_masked|sync|bullmq)\b(?![.-]\w))/g,
        (name) => written(calledNow(name)),
      );
