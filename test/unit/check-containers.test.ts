import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { check } from '../../checks/containers/check.ts';
import { type ContainersOptions, type } from '../../checks/containers/options.ts';
import { GoodbootError } from '../../src/core/errors.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { CheckPorts } from '../../src/ports/check.ts';
import type { ContainerState } from '../../src/ports/containers.ts';
import { container, fakeContainers, NOW, type Owned } from '../contract/containers.contract.ts';

interface Setting {
  readonly stableMs?: number;
  readonly uptimeMs?: number;
}

/** One probe at `NOW`, two hours after the machine started, unless a test says otherwise. */
function probe(
  containers: ContainersOptions['containers'],
  owned: Owned,
  { stableMs = 10_000, uptimeMs = 7_200_000 }: Setting = {},
): Promise<Outcome> {
  const clock = { now: () => NOW, monotonicMs: () => uptimeMs, sleep: () => Promise.resolve() };
  const ports: Partial<CheckPorts> = { clock, containers: fakeContainers(owned) };
  async function use<Name extends keyof CheckPorts>(name: Name): Promise<CheckPorts[Name]> {
    const port = ports[name];
    if (port === undefined) throw new Error(`the check has no business with ${name}`);
    return port;
  }
  return check.run({ options: { containers }, use, signal: new AbortController().signal, stableMs });
}

const one = (change: Partial<ContainerState>, setting: Setting = {}) =>
  probe(['web'], { root: [container('web', change)] }, setting);

describe('the check of containers passes', () => {
  it.each<[string, Partial<ContainerState>, Setting?]>([
    ['runs for long', {}],
    ['is healthy', { health: 'healthy' }],
    ['was restarted, but long ago', { restarts: 3 }],
    ['has just been running for long enough', { startedAtMs: NOW - 10_000 }],
    ['has just started, where no stability is wanted', { startedAtMs: NOW }, { stableMs: 0 }],
    ['started in the future by a clock that was set back, and was never restarted', { startedAtMs: NOW + 60_000 }],
    ['started in 1970 by a clock that was not set yet, and was never restarted', { startedAtMs: 20_000 }],
  ])('when the container %s', async (_, change, setting) => {
    expect(await one(change, setting)).toMatchObject({ state: 'pass' });
  });

  it('when each container of each owner runs', async () => {
    const owned = { root: [container('web')], alice: [container('web')], docker: [container('web')] };
    const outcome = await probe(['web', 'root/web', 'alice/web', 'docker:web'], owned);
    const facts = { status: 'running', health: null, restarts: 0, image: 'localhost/bb:1', name: 'web' };
    expect(outcome).toEqual({
      state: 'pass',
      facts: { web: facts, 'root/web': facts, 'alice/web': facts, 'docker:web': facts },
    });
  });

  it.each<[string, string, Partial<ContainerState>]>([
    ['the name that its quadlet gives it', 'web', { name: 'systemd-web' }],
    ['the unit of its quadlet, whatever its name is', 'web.container', { name: 'shop', unit: 'web.service' }],
    ['the name, for the quadlet, where its unit is called otherwise', 'web.container', { name: 'systemd-web' }],
    ['its own name, even if that ends like a quadlet', 'web.container', { name: 'web.container' }],
  ])('when a container is found by %s', async (_, wanted, change) => {
    expect(await probe([wanted], { root: [container('db'), container('', change)] })).toMatchObject({ state: 'pass' });
  });

  it('when a drop-in took out the container that fails', async () => {
    expect(await probe({ web: true, db: false }, { root: [container('web')] })).toMatchObject({ state: 'pass' });
  });
});

describe('the check of containers fails', () => {
  it.each<[string, Partial<ContainerState>, string]>([
    ['exited', { status: 'exited', exitCode: 137 }, 'web exited with status 137; running was wanted'],
    ['was made, never started', { status: 'created', startedAtMs: null }, 'web is created; running was wanted'],
    ['is paused', { status: 'paused' }, 'web is paused; running was wanted'],
    ['is between restarts', { status: 'restarting', restarts: 2 }, 'web is restarting; running was wanted'],
    ['is unhealthy', { health: 'unhealthy' }, 'web is unhealthy; healthy was wanted'],
    [
      'is not healthy yet',
      { health: 'starting' },
      'web runs, but its health check has not succeeded yet; healthy was wanted',
    ],
    ['has just started', { startedAtMs: NOW - 9000 }, 'web has been running for 9 s only; 10 s was wanted'],
    [
      'keeps restarting',
      { startedAtMs: NOW - 2000, restarts: 4 },
      'web has been running for 2 s only after 4 restarts; 10 s was wanted',
    ],
    [
      'was restarted before the clock was set, in 1970',
      { startedAtMs: 20_000, restarts: 2 },
      'web had 2 restarts, and the clock was set since its last start; 10 s without one was wanted',
    ],
    [
      'was restarted under a clock that was set back',
      { startedAtMs: NOW + 60_000, restarts: 1 },
      'web had 1 restart, and the clock was set since its last start; 10 s without one was wanted',
    ],
  ])('when the container %s', async (_, change, reason) => {
    expect(await one(change)).toMatchObject({ state: 'fail', reason, facts: { web: { name: 'web' } } });
  });

  it.each([
    ['web', 'web does not exist (podman, root); running was wanted'],
    ['alice/web', 'alice/web does not exist (podman, alice); running was wanted'],
    ['docker:web', 'docker:web does not exist (docker); running was wanted'],
    ['web.container', 'web.container does not exist (podman, root); running was wanted'],
  ])('when %s does not exist', async (wanted, reason) => {
    expect(await probe([wanted], { root: [container('webs', { unit: 'webs.service' })] })).toMatchObject({
      state: 'fail',
      reason,
    });
  });

  it('when its user can run nothing, and says why', async () => {
    expect(await probe(['alice/web'], { alice: { none: 'there is no user alice' } })).toMatchObject({
      state: 'fail',
      reason: 'alice/web does not run: there is no user alice',
    });
  });

  it('and names all that fail, and what could not be asked', async () => {
    const outcome = await probe(['web', 'alice/app', 'docker:db', 'cache'], {
      root: [container('cache', { health: 'unhealthy' })],
      docker: new GoodbootError('PROGRAM_MISSING', 'no Docker engine answers at /run/docker.sock'),
    });
    expect(outcome).toMatchObject({
      state: 'fail',
      reason:
        'web does not exist (podman, root); running was wanted; cache is unhealthy; healthy was wanted; ' +
        'alice/app does not exist (podman, alice); running was wanted; no Docker engine answers at /run/docker.sock',
    });
  });
});

describe('the check of containers', () => {
  it('could not tell when an engine cannot be asked, and nothing else fails', async () => {
    const docker = new GoodbootError('PROGRAM_MISSING', 'no Docker engine answers at /run/docker.sock');
    await expect(probe(['web', 'docker:db'], { root: [container('web')], docker })).rejects.toBe(docker);
  });

  it.each<[string, ContainersOptions['containers']]>([
    ['no container is listed', []],
    ['every container was taken out', { web: false }],
  ])('is skipped when %s', async (_, containers) => {
    expect(await probe(containers, {})).toEqual({ state: 'skip', reason: 'no container is listed' });
  });
});

describe('the options of containers', () => {
  it.each<[unknown, unknown]>([
    [{}, { containers: {} }],
    [{ containers: ['web', 'alice/web', 'docker:web', 'web@1.container'] }, undefined],
    [{ containers: { web: true, 'core/app.v2': false } }, undefined],
  ])('take %j', (input, output = input) => {
    expect(v.parse(type.schema, input)).toEqual(output);
  });

  it.each([
    [{ containers: 'web' }],
    [{ containers: [''] }],
    [{ containers: ['podman:web'] }],
    [{ containers: ['a/b/c'] }],
    [{ containers: ['/web'] }],
    [{ containers: ['-f'] }],
    [{ containers: { 'docker:': true } }],
    [{ containers: { web: 'yes' } }],
    [{ container: ['web'] }],
  ])('refuse %j', (input) => {
    expect(v.is(type.schema, input)).toBe(false);
  });
});
