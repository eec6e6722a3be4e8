// Measures goodboot and prints what came out: docs/reference/benchmarks.md says what each figure means.
await import('./main.ts');
