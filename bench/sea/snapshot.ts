/** The executable as a snapshot of a process that has loaded all, but has not begun. */
import { basename } from 'node:path';
import { startupSnapshot } from 'node:v8';
import '../../checks/kernel/check.ts';
import '../../checks/units/check.ts';
import '../../src/adapters/files/files.ts';
import '../../src/adapters/systemd/service-manager.ts';
import '../../src/adapters/traces/traces.ts';
import '../../src/cli/program.ts';
import '../../src/node/run-check.ts';

startupSnapshot.setDeserializeMainFunction(() => {
  if (basename(process.argv[1] ?? '') === 'goodboot-check') void import('../../src/cli/check-main.ts');
  else void import('../../src/cli/command.ts');
});
