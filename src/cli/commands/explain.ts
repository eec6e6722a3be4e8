import type { Command } from 'commander';
import { checkTypes } from '../../config/registry.ts';
import { ERRORS, GoodbootError, isErrorCode } from '../../core/errors.ts';
import { EVENTS } from '../../core/events.ts';
import { nearest } from '../../core/nearest.ts';
import type { Setup } from '../program.ts';

interface Explanation {
  readonly kind: 'Error' | 'Event' | 'CheckType';
  readonly name: string;
  readonly summary: string;
  readonly detail: string;
}

export function addExplainCommand(program: Command, { terminal, done }: Setup): void {
  program
    .command('explain')
    .argument('<code>', 'an error code, a journal event or a check type')
    .description('what an error code, an event or a check type means, and what to do')
    .addHelpText(
      'after',
      '\nExamples:\n  goodboot explain CHECK_TIMEOUT\n  goodboot explain boot-held\n  goodboot explain units',
    )
    .action((code: string) => {
      const { kind, name, summary, detail } = explain(code);
      const json = { apiVersion: 'goodboot/v1', kind: 'Explanation', about: kind, name, summary, detail };
      terminal.answer(json, `${terminal.paint('bold', name)}: ${summary}\n${detail}\n`);
      done(0);
    });
}

/** @throws GoodbootError CODE_UNKNOWN with the nearest name */
export function explain(word: string): Explanation {
  const code = word.toUpperCase().replaceAll('-', '_');
  if (isErrorCode(code)) {
    const { summary, cure, exit } = ERRORS[code];
    return { kind: 'Error', name: code, summary, detail: `cure: ${cure}\nexit status: ${exit}` };
  }
  const event = Object.entries(EVENTS).find(([name, { id }]) => name === word || id === word);
  if (event !== undefined) {
    const [name, { id, subject, body }] = event;
    return { kind: 'Event', name, summary: subject, detail: `${body}\njournalctl MESSAGE_ID=${id}` };
  }
  const type = checkTypes.get(word);
  if (type !== undefined) {
    const { within, stable, timeout } = type.defaults;
    const detail = `defaults: within ${within}, stable ${stable}, timeout ${timeout}\noptions: docs/reference/configuration.md`;
    return { kind: 'CheckType', name: word, summary: `passes when ${type.summary}`, detail };
  }
  const near = nearest(word, [...Object.keys(ERRORS), ...Object.keys(EVENTS), ...checkTypes.keys()]);
  throw new GoodbootError(
    'CODE_UNKNOWN',
    `"${word}" is not known`,
    near === null ? {} : { hint: `did you mean ${near}?` },
  );
}
