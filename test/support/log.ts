// The log of parts under test: silent, unless LOG_LEVEL asks for it.
import { openLog } from '../../src/log.js';

export const log = openLog(process.env.LOG_LEVEL ?? 'silent', process.stderr);
