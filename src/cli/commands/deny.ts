import type { Command } from 'commander';
import { GoodbootError } from '../../core/errors.ts';
import { allow, deny } from '../../core/node-state.ts';
import { loadState, updateState } from '../../node/state.ts';
import { rootOf } from '../options.ts';
import type { Setup } from '../program.ts';
import { table } from '../render/table.ts';
import { openSession, trialDeps } from '../session.ts';
import { warnOn } from './say-problems.ts';

export function addDenyCommands(program: Command, setup: Setup): void {
  const list = program
    .command('deny')
    .description('deployments that this node never boots into again')
    .addHelpText('after', '\nExamples:\n  goodboot deny list\n  goodboot deny remove 4f1c0a…');
  list
    .command('list')
    .description('what is denied, since when and why')
    .addHelpText('after', '\nExamples:\n  goodboot deny list\n  goodboot deny list --json')
    .action((_options, command: Command) => show(setup, rootOf(command)));
  list
    .command('add')
    .argument('<deployment>', 'ostree checksum or image digest')
    .description('deny a deployment, or whatever is made from an image, by hand')
    .addHelpText('after', '\nExample:\n  goodboot deny add 4f1c0a…')
    .action((id: string, _options, command: Command) => change(setup, rootOf(command), id, 'denied'));
  list
    .command('remove')
    .argument('<deployment>', 'ostree checksum or image digest')
    .description('allow a deployment again, with the image that it was denied with')
    .addHelpText('after', '\nExample:\n  goodboot deny remove 4f1c0a…')
    .action((id: string, _options, command: Command) => change(setup, rootOf(command), id, 'allowed'));
}

async function show({ terminal, done }: Setup, root: string): Promise<void> {
  const { files } = await openSession(root, warnOn(terminal));
  const { denied } = await loadState(files);
  const rows = denied.map(({ deployment, image, since, why }) => [deployment, image ?? '-', since, why]);
  const json = { apiVersion: 'goodboot/v1', kind: 'Denied', denied };
  terminal.answer(json, rows.length === 0 ? 'nothing is denied\n' : table(rows));
  done(0);
}

/** An ostree commit, a composefs digest (SHA-256 or SHA-512), or the digest of an image. */
const DENIABLE = /^(?:(?:sha256:)?[0-9a-f]{64}|[0-9a-f]{128})$/;

/** Asking for what is so already is success, and changes nothing. */
async function change({ terminal, done }: Setup, root: string, id: string, step: 'denied' | 'allowed'): Promise<void> {
  if (!DENIABLE.test(id)) {
    throw new GoodbootError('USAGE', `${id}: an ostree checksum or an image digest was wanted`);
  }
  if (root === '/' && process.getuid?.() !== 0)
    throw new GoodbootError('NEEDS_ROOT', 'this changes what the node may boot');
  const session = await openSession(root, warnOn(terminal));
  const since = new Date(session.clock.now()).toISOString();
  const { before, after } = await updateState(session.files, (state) =>
    step === 'denied' ? deny(state, { deployment: id, since, why: 'by hand' }) : allow(state, id),
  );
  const changed = after !== before;
  if (changed) await trialDeps(session).note(step, id, 'by hand');
  const json = { apiVersion: 'goodboot/v1', kind: 'Denied', denied: after.denied };
  terminal.answer(json, `${id} is ${changed ? '' : 'already '}${step}\n`);
  done(0);
}
