#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
/** The `goodboot` command. */
const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 26) {
  process.stderr.write(
    `goodboot: Node 26 is needed, this is ${process.version} [RUNTIME_TOO_OLD]\nhint: in the checkout use npx goodboot\n`,
  );
  process.exit(69);
}
const { main } = await import('./program.ts');
const status = await main(process.argv.slice(2));
// Not left to the event loop: a connection that somebody forgot must not keep a verdict from ending.
process.stdout.write('', () => process.stderr.write('', () => process.exit(status)));
