// Stands in for the verdict: takes as long, and ends as, /etc/stub.json says.
import { readFileSync } from 'node:fs';

const { verdictMs, verdictExit } = JSON.parse(readFileSync('/etc/stub.json', 'utf8'));
setTimeout(() => process.exit(verdictExit), verdictMs);
