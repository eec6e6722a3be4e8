import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { type GoodbootError, messageOf } from '../core/errors.ts';

/** Where answers and everything else go. stdout is the answer, stderr the rest. */
export interface Terminal {
  readonly json: boolean;
  /** Columns of the terminal that stdout is; left out where it is none. */
  readonly width?: number;
  /** Its size now; left out where stdout is no terminal, or one that cannot move its cursor. */
  readonly screen?: () => { readonly columns: number; readonly rows: number };
  out(text: string): void;
  err(text: string): void;
  /** Coloured where that stream is a terminal and NO_COLOR is not set; the words alone say everything. Default `out`. */
  paint(color: 'green' | 'red' | 'yellow' | 'dim' | 'bold', text: string, stream?: 'out' | 'err'): string;
  /** One answer: the object for machines, the text for people. */
  answer(value: object, text: string): void;
  /** An error with its code and cure: as JSON on stdout for machines, as lines on stderr for people. */
  error(error: GoodbootError): void;
}

type Out = Pick<WriteStream, 'write' | 'on'> & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

export function terminalOf(stdout: Out, stderr: Out, json: boolean): Terminal {
  // Nobody reads any more (`goodboot … | head`): what is being done is finished all the same.
  for (const stream of [stdout, stderr]) stream.on('error', () => undefined);
  const isPlain = (process.env['NO_COLOR'] ?? '') !== '';
  const out = (text: string) => void stdout.write(text);
  const err = (text: string) => void stderr.write(text);
  return {
    json,
    ...(stdout.isTTY === true && stdout.columns !== undefined ? { width: stdout.columns } : {}),
    ...(stdout.isTTY === true && !['', 'dumb'].includes(process.env['TERM'] ?? '')
      ? { screen: () => ({ columns: stdout.columns ?? 0, rows: stdout.rows ?? 0 }) }
      : {}),
    out,
    err,
    paint: (color, text, stream = 'out') =>
      isPlain || (stream === 'out' ? stdout : stderr).isTTY !== true
        ? text
        : styleText(color, text, { validateStream: false }),
    answer: (value, text) => out(json ? `${JSON.stringify(value, null, 2)}\n` : text),
    error(error) {
      const { code, hint } = error;
      const message = messageOf(error);
      if (json) out(`${JSON.stringify({ apiVersion: 'goodboot/v1', kind: 'Error', code, message, hint }, null, 2)}\n`);
      else err(`goodboot: ${message} [${code}]\nhint: ${hint}\n`);
    },
  };
}
