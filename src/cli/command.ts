import { main } from './program.ts';

// Not awaited here: a program that waits at its top is no chunk of an executable.
void run();

/** Runs the command line of this process, and ends it with the status that it has. */
async function run(): Promise<void> {
  const status = await main(process.argv.slice(2));
  // Not left to the event loop: a connection that somebody forgot must not keep a verdict from ending.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(status)));
}
