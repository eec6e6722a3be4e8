import type { Command } from 'commander';
import { configJsonSchema, type JsonSchema } from '../../config/json-schema.ts';
import { checkTypes } from '../../config/registry.ts';
import { commonSchema } from '../../config/schema.ts';
import { ERRORS, GoodbootError, isErrorCode } from '../../core/errors.ts';
import { EVENTS } from '../../core/events.ts';
import { didYouMean } from '../options.ts';
import type { Setup } from '../program.ts';
import { table } from '../render/table.ts';

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
    return {
      kind: 'Event',
      name,
      summary: withPlaces(subject),
      detail: `${withPlaces(body)}\njournalctl MESSAGE_ID=${id}`,
    };
  }
  const type = checkTypes.get(word);
  if (type !== undefined) {
    const { within, stable, timeout } = type.defaults;
    const detail = `defaults: within ${within}, stable ${stable}, timeout ${timeout}\noptions:\n${optionsOf(word)}`;
    return { kind: 'CheckType', name: word, summary: `passes when ${type.summary}`, detail };
  }
  const known = [...Object.keys(ERRORS), ...Object.keys(EVENTS), ...checkTypes.keys()];
  throw new GoodbootError('CODE_UNKNOWN', `"${word}" is not known`, didYouMean(word, known));
}

/** What an entry of the journal has in these places is not known here: `@GOODBOOT_REASON@` becomes `<reason>`. */
const withPlaces = (text: string): string =>
  text.replaceAll(/@GOODBOOT_([A-Z_]+)@/g, (_, field: string) => `<${field.toLowerCase().replaceAll('_', ' ')}>`);

/** One line for each option of a check type, beside those that every check has. */
function optionsOf(type: string): string {
  // The schema is made with a definition for each type.
  const definitions = configJsonSchema(checkTypes)['definitions'] as Readonly<Record<string, JsonSchema>>;
  const own = Object.entries(definitions[type]?.properties ?? {}).filter(([key]) => !(key in commonSchema.entries));
  return table(own.map(([key, { description = '' }]) => [`  ${key}`, description])).trimEnd();
}
