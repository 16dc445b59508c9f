// The OpenAPI 3.1 document, made of the endpoints that are served.
import { z } from 'zod';
import type { Endpoint } from './endpoint.js';

type Json = Record<string, unknown>;

const errors = z.strictObject({ errors: z.array(z.string()).min(1).describe('One sentence each, for people.') });

/** What every endpoint may answer besides its own. */
const COMMON_ERRORS: Readonly<Record<number, string>> = {
  401: 'ADMIN_TOKEN is missing or wrong',
  403: 'A request of a browser that does not come from a page of this server',
  422: 'A field is missing, unknown or not usable',
  429: 'Too many wrong tokens from this address',
  500: 'It failed; the log says why',
  503: 'The database is away',
};

export function openApi(endpoints: readonly Endpoint[], version: string, basePath = ''): Json {
  const paths: Record<string, Json> = {};
  for (const one of endpoints) {
    paths[one.path] = { ...paths[one.path], [one.method.toLowerCase()]: operationOf(one) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'hive-sync',
      version,
      description:
        'The worker of hive-sync: its state, its runs, its dead letters. Ids are whole numbers, instants ISO 8601 in UTC.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: `${basePath}/` }],
    security: [{ token: [] }],
    paths,
    components: {
      schemas: { Errors: schemaOf(errors, 'output') },
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'The value of ADMIN_TOKEN. Not needed on 127.0.0.1 when none is set.',
        },
      },
    },
  };
}

function operationOf(one: Endpoint): Json {
  return {
    operationId: operationId(one),
    summary: one.summary,
    ...(one.description === undefined ? {} : { description: one.description }),
    parameters: [...parametersOf('path', one.params), ...parametersOf('query', one.query)],
    ...(one.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(one.body, 'input') } } } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(one.answers).map(([status, { description, schema }]) => [
          status,
          { description, content: { 'application/json': { schema: schemaOf(schema, 'output') } } },
        ]),
      ),
      ...Object.fromEntries(
        Object.entries({ ...COMMON_ERRORS, ...one.errors }).map(([status, description]) => [
          status,
          { description, content: { 'application/json': { schema: { $ref: '#/components/schemas/Errors' } } } },
        ]),
      ),
    },
  };
}

/** GET /api/runs/{id} → getRunsId */
const operationId = ({ method, path }: Endpoint): string =>
  method.toLowerCase() +
  path
    .split(/[^a-z]+/)
    .slice(2)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

function parametersOf(place: 'path' | 'query', schema: Endpoint['params']): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: property,
  }));
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io }) as Json;
  return rest;
}
