#!/usr/bin/env node
// Stands in for the command: a verdict takes as long, and ends as, /etc/stub.json says; all others end at once.
import { readFileSync } from 'node:fs';

const { verdictMs, verdictExit } = JSON.parse(readFileSync('/etc/stub.json', 'utf8'));
if (process.argv[2] === 'verdict') setTimeout(() => process.exit(verdictExit), verdictMs);
