// pino: one JSON line per event, on stderr. Results of commands go to stdout, so both can be used together.
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export function openLog(level: string, stream: NodeJS.WritableStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => void stream.write(line) },
  );
}
