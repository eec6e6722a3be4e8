import { ERRORS } from './errors.ts';

/** The reference page of the error codes, for docs/reference. */
export function errorsReference(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { exit, summary, cure }]) => `| \`${code}\` | ${exit} | ${summary} | ${cell(cure)} |`,
  );
  return [
    '# Errors',
    '',
    'Made from `src/core/errors.ts` by `npm run gen`.',
    'Each failure that goodboot can name has a code. It stands in `--json`, in the journal (`GOODBOOT_ERROR_CODE`) and behind every message; `goodboot explain CODE` prints its row.',
    '',
    '| code | exit | means | cure |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
