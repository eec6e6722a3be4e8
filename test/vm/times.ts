import type { Reporter, TestModule } from 'vitest/node';

/** Prints how long each test took, at the end of a run. Those that were not run are left out. */
export default class Times implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const ran = modules
      .flatMap((module) => [...module.children.allTests()])
      .filter((test) => test.result().state === 'passed' || test.result().state === 'failed')
      .map((test) => ({ name: test.name, state: test.result().state, ms: test.diagnostic()?.duration ?? 0 }));
    if (ran.length === 0) return;
    const line = ({ name, state, ms }: (typeof ran)[number]) =>
      `${(ms / 1000).toFixed(1).padStart(7)} s  ${state === 'passed' ? ' ' : '✗'} ${name}`;
    console.log(
      `\n${ran
        .toSorted((a, b) => b.ms - a.ms)
        .map(line)
        .join('\n')}\n`,
    );
  }
}
