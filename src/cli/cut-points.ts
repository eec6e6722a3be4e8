import type { Files } from '../ports/files.ts';
import type { Session } from './session.ts';

declare const GOODBOOT_CUT_POINTS: boolean;

/** Says where to stop, as `COMMAND NUMBER`: after that many durable changes of that command, `begin 0` before the first. */
const WHERE = '/var/lib/goodboot-cut-point';
/** Says that a command has stopped there. */
const STOPPED = '/run/goodboot/at-cut-point';
const LOOK_AGAIN_MS = 100;

const FILES = ['replace', 'append', 'truncate', 'rename', 'remove'] as const;
const BOOT_LOADER = ['apply', 'takeProof'] as const;
const DEPLOYMENTS = ['makeDefault', 'dropStaged'] as const;

/**
 * For power cuts in tests: every durable change is a place where a command can be stopped, and then killed with its
 * machine. A release is built without it, and gets its session back as it is.
 */
export function withCutPoints(session: Session): Session {
  if (typeof GOODBOOT_CUT_POINTS === 'undefined') return session;
  const { files, clock } = session;
  const command = process.argv.find((word) => ['arm', 'begin', 'end', 'rollback', 'verdict'].includes(word)) ?? '';
  let count = 0;
  const pass = async (change: string): Promise<void> => {
    const here = `${command} ${count}`;
    process.stderr.write(`cut point ${here}: ${change}\n`);
    while ((await files.readText(WHERE))?.trim() === here) {
      await files.replace(STOPPED, `${here}\n`);
      await clock.sleep(LOOK_AGAIN_MS, new AbortController().signal);
    }
  };
  const start = pass('before the first change');
  /** The port with these methods followed by a cut point each. What is in /run does not outlive a power cut. */
  const following = <Port extends object, Name extends keyof Port>(port: Port, names: readonly Name[]): Port => {
    const methods = names.map((name) => [
      name,
      async (...args: readonly unknown[]) => {
        const method = port[name] as (...args: readonly unknown[]) => unknown;
        const isVolatile = String(args[0]).startsWith('/run/');
        if (isVolatile) return method(...args);
        await start;
        const result = await method(...args);
        count += 1;
        await pass(`${String(name)} ${JSON.stringify(args.slice(0, 1))}`);
        return result;
      },
    ]);
    return { ...port, ...(Object.fromEntries(methods) as Partial<Port>) };
  };
  return {
    ...session,
    files: following<Files, (typeof FILES)[number]>(files, FILES),
    bootLoader: following(session.bootLoader, BOOT_LOADER),
    deployments: following(session.deployments, DEPLOYMENTS),
  };
}
