// Answers with a page.
import type { FastifyReply } from 'fastify';
import type { ServerParts } from '../parts.js';
import { layout, type Page } from './layout.js';

export const sendPage = (
  reply: FastifyReply,
  parts: Pick<ServerParts, 'version'>,
  page: Page,
  status = 200,
): FastifyReply =>
  reply
    .code(status)
    .type('text/html; charset=utf-8')
    .send(layout(reply.request, parts, page).text);
