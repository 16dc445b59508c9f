// The status page itself.
import type { FastifyPluginAsync } from 'fastify';
import { readClock } from '../../db/ledger.js';
import { html } from '../html.js';
import type { ServerParts } from '../parts.js';
import { accountSection } from './account-section.js';
import { keep } from './keep.js';
import { tokenField } from './layout.js';
import { messageOf } from './messages.js';
import { readAccount, readCollections } from './read-account.js';
import { sendPage } from './send-page.js';

/** How often the page renews itself: while something is under way, and else. */
const BUSY_SECONDS = 2;
const CALM_SECONDS = 10;
const KEPT_MS = 1_000;

export const overviewRoutes =
  (parts: ServerParts): FastifyPluginAsync =>
  async (server) => {
    const { config, store } = parts;
    const accounts = parts.accounts.map((account) => ({
      account,
      collections: keep(() => readCollections(parts, account), { leastMs: KEPT_MS }),
    }));

    server.get('/', async (request, reply) => {
      const views = [];
      for (const { account, collections } of accounts) {
        views.push({ account, view: await readAccount(parts, account.context.account, await collections()) });
      }
      const now = await readClock(store.db);
      const isBusy = views.some(({ view }) => view.underWay.length > 0);
      const sections = views.map(({ account, view }) =>
        accountSection(view, {
          now,
          everyMs: config.schedule.incrementalEveryMs,
          windowMs: config.rate.windowMs,
          keyVariable: account.account.keyVariable,
          tokenField: tokenField(request),
        }),
      );
      return sendPage(reply, parts, {
        title: 'Status',
        message: messageOf(request.query),
        refreshSeconds: isBusy ? BUSY_SECONDS : CALM_SECONDS,
        main: html`<h1 class="unseen">Status</h1>${sections}`,
      });
    });
  };
