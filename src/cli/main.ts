#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
/** The `goodboot` command. */
const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 26) {
  process.stderr.write(
    `goodboot runs on Node 26, this is ${process.version}\nhint: in the checkout use npx goodboot\n`,
  );
  process.exit(69);
}
const { main } = await import('./program.ts');
process.exitCode = await main(process.argv.slice(2));
