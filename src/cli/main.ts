#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
/** The `goodboot` command, as a checkout has it. In a release it is a chunk of the single executable: executable.ts. */
const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 26) {
  process.stderr.write(
    `goodboot: Node 26 is needed, this is ${process.version} [RUNTIME_TOO_OLD]\nhint: in the checkout use npx goodboot\n`,
  );
  process.exit(69);
}
await import('./command.ts');
