import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { check } from '../../checks/tcp/check.ts';
import { type TcpOptions, type as tcp } from '../../checks/tcp/options.ts';
import type { CheckContext, CheckPorts } from '../../src/ports/check.ts';

/** Answers of the network by `host port`; null = connected. Every look at the clock is 5 ms later. */
async function run(target: TcpOptions['target'], answers: Readonly<Record<string, string | null>>) {
  let nowMs = 0;
  const ports = {
    network: { connect: async (host: string, port: number) => answers[`${host} ${port}`] ?? null },
    clock: { monotonicMs: () => (nowMs += 5) },
  };
  // The check asks for these two ports alone, and of them for these functions.
  const use: CheckContext<TcpOptions>['use'] = async (name) =>
    ports[name as 'network'] as unknown as CheckPorts[typeof name];
  return check.run({ options: { target }, use, signal: AbortSignal.timeout(5000), stableMs: 0 });
}

describe('the tcp check', () => {
  it('passes when every target accepts a connection, and says how long that took', async () => {
    expect(await run('db.example:5432', { 'db.example 5432': null })).toEqual({
      state: 'pass',
      facts: { connectMs: { 'db.example:5432': 5 } },
    });
  });

  it('names every target that does not, and why', async () => {
    const targets = ['a.example:1', '[fd00::2]:2', 'c.example:3', 'c.example:3'];
    const outcome = await run(targets, { 'a.example 1': 'ECONNREFUSED', 'fd00::2 2': 'no answer' });
    expect(outcome).toMatchObject({
      state: 'fail',
      reason:
        'a.example:1 did not accept a connection (ECONNREFUSED); [fd00::2]:2 did not accept a connection (no answer)',
      facts: { connectMs: { 'a.example:1': 'ECONNREFUSED', 'c.example:3': expect.any(Number) } },
    });
  });
});

describe('the options of tcp', () => {
  it.each(['host:1', 'host.example:65535', '10.0.0.1:22', '[fd00::1]:443', ['a:1', 'b:2']])('take %j', (target) => {
    expect(v.safeParse(tcp.schema, { target }).success).toBe(true);
  });

  it.each([
    'host',
    'host:0',
    'host:65536',
    ':22',
    'fd00::1:443',
    'tcp://host:1',
    'a b:1',
    '',
    [],
    ['a:1', 'b'],
    22,
    null,
  ])('refuse %j', (target) => expect(v.safeParse(tcp.schema, { target }).success).toBe(false));

  it('refuse keys that nobody knows', () => {
    expect(v.safeParse(tcp.schema, { target: 'a:1', targets: [] }).success).toBe(false);
  });
});
