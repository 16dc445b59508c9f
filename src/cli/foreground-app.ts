// The parts of a command that works in the foreground: it speaks up when something is wrong, says what it waits for, and does
// not begin where the queue takes no jobs.
import { type App, type AppOptions, openApp } from '../app.js';
import type { Config } from '../config.js';
import { openLog } from '../log.js';
import { foregroundLevel, type Io, note } from './io.js';

export const openForegroundApp = (
  io: Io,
  config: Config,
  more: Pick<AppOptions, 'timezoneChanged'> = {},
): Promise<App> =>
  openApp(config, {
    log: openLog(foregroundLevel(io.env), io.stderr),
    version: io.version,
    signal: io.signal,
    checks: 'jobs',
    waiting: (sentence) => note(io, sentence),
    ...more,
  });
