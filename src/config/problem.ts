import { ERRORS } from '../core/errors.ts';

/** Warnings that leave a file in effect: something is ignored, or nothing is required. */
const WARNINGS = {
  CONFIG_IGNORED: 'name drop-ins *.yaml; goodboot config show --origins shows what counts',
  NO_REQUIRED_CHECK: 'set required: true for at least one check, or list units under required.units',
} as const;

type WarningCode = keyof typeof WARNINGS;
type FaultCode = 'CONFIG_SYNTAX' | 'CONFIG_INVALID' | 'CONFIG_UNREADABLE';

/** Something about the configuration that a person must hear of. An `error` leaves its whole file out. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly code: FaultCode | WarningCode;
  readonly file: string;
  /** From 1; 0 when it concerns the file as a whole. */
  readonly line: number;
  readonly column: number;
  /** The key as written, `checks.sshd.within`; empty when no key is concerned. */
  readonly path: string;
  readonly message: string;
  readonly hint: string;
}

/** Where a value was written. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The key as written in that file, which shorthand makes different from the key that it sets. */
  readonly path: string;
}

/** The place that stands for a whole file. */
export const wholeFile = (file: string, path = ''): Origin => ({ file, line: 0, column: 0, path });

export const fault = (code: FaultCode, origin: Origin, message: string, hint: string = ERRORS[code].cure): Problem => ({
  severity: 'error',
  code,
  ...place(origin),
  message,
  hint,
});

export const warning = (code: WarningCode, origin: Origin, message: string): Problem => ({
  severity: 'warning',
  code,
  ...place(origin),
  message,
  hint: WARNINGS[code],
});

/** One line: `/etc/goodboot/config.yaml:7:5 checks.sshd.timout: unknown key (did you mean timeout?)`. */
export const formatProblem = (problem: Problem): string =>
  `${formatPlace(problem)}${problem.path === '' ? '' : ` ${problem.path}`}: ${problem.message}`;

/** `FILE:LINE:COLUMN`, or `FILE` alone for the whole of it. */
export const formatPlace = ({ file, line, column }: Pick<Origin, 'file' | 'line' | 'column'>): string =>
  line === 0 ? file : `${file}:${line}:${column}`;

const place = ({ file, line, column, path }: Origin): Origin => ({ file, line, column, path });
