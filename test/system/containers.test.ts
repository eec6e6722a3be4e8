import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { check } from '../../checks/containers/check.ts';
import { makeClock } from '../../src/adapters/clock/clock.ts';
import { makeContainers } from '../../src/adapters/containers/containers.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { makeProcesses } from '../../src/adapters/process/run.ts';
import type { DoctorReport } from '../../src/core/doctor.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { runCheck } from '../../src/node/run-check.ts';
import type { CheckPorts } from '../../src/ports/check.ts';
import type { Processes } from '../../src/ports/processes.ts';
import { describeContainers } from '../contract/containers.contract.ts';
import { bootMachine, type Machine } from '../lab/machine.ts';

const quadlet = (exec: string, container = '', service = ''): string =>
  `[Container]\nImage=localhost/bb:1\nExec=${exec}\nNetwork=none\nStopTimeout=1\n${container}\n[Service]\n${service}\n`;

const FILES = {
  '/etc/containers/systemd/web.container': quadlet('sleep 10000', 'HealthCmd=true\nHealthInterval=1s\nNotify=healthy'),
  '/etc/containers/systemd/shop.container': quadlet('sleep 10000', 'ContainerName=front'),
  '/etc/containers/systemd/crash.container': quadlet("sh -c 'sleep 1; exit 7'", '', 'Restart=always\nRestartSec=100ms'),
  // No network here: the boot would wait for one.
  '/etc/goodboot/config.yaml': 'apiVersion: goodboot/v1\nchecks: { network: { enabled: false } }\n',
};

const IMAGE = `
mkdir -p /tmp/image/bin /tmp/image/tmp
cp /usr/bin/busybox /tmp/image/bin/
for name in sh sleep true false; do ln -sf busybox /tmp/image/bin/$name; done
tar c -C /tmp/image . >/tmp/image.tar
`;
const IMPORT = `podman import -c 'CMD ["/bin/sh"]' /tmp/image.tar localhost/bb:1`;
const SPECIMENS = `
run() { podman run --detach --network=none --stop-timeout=1 "$@"; }
run --name plain localhost/bb:1 sleep 10000
run --name fit --health-cmd true --health-interval 1s localhost/bb:1 sleep 10000
run --name sick --health-cmd false --health-interval 1s --health-retries 1 localhost/bb:1 sleep 10000
run --name slow --health-cmd false --health-interval 1s --health-start-period 1h localhost/bb:1 sleep 10000
run --name once localhost/bb:1 sh -c 'exit 3'
run --name flap --restart always localhost/bb:1 sh -c 'sleep 1; exit 4'
podman create --name made --network=none localhost/bb:1 sleep 10000
podman wait once
for try in $(seq 100); do podman ps --filter name=sick | grep -q unhealthy && exit; sleep 0.1; done
exit 1
`;

const CONFIG = `apiVersion: goodboot/v1
checks:
  containers:
    type: containers
    within: 5s
    stable: 1s
    containers: { plain: true, alice/app: true, 'docker:fit': true, once: false }
`;

/** Two users: alice has a runtime directory, as after a login or with lingering; bob has none. */
const USERS = `
useradd --create-home --uid 1000 alice
useradd --create-home --uid 1001 bob
systemctl start user-runtime-dir@1000.service
`;
const AS_ALICE =
  'setpriv --reuid=alice --regid=alice --init-groups env HOME=/home/alice XDG_RUNTIME_DIR=/run/user/1000';

/** What an earlier podman of alice left running: without it the next one makes its user namespace itself. */
const FORGET_ALICE = 'kill -KILL $(cat /run/user/1000/libpod/tmp/pause.pid)';

/** Real programs, run in the machine. */
function processesIn(machine: Machine): Processes {
  const here = makeProcesses();
  return {
    run(argv, { uid, gid, env = {}, cwd, ...options }) {
      const user = uid === undefined ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
      const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      const enter = ['nsenter', '-t', `${machine.leader}`, '-a', '--'] as const;
      return here.run(
        [...enter, ...user, 'env', '-i', '-C', cwd ?? '/', 'PATH=/usr/bin:/bin', ...variables, ...argv],
        options,
      );
    },
  };
}

let machine: Machine;
const containersIn = () => makeContainers(processesIn(machine), makeFiles(`/proc/${machine.leader}/root`));

/** What the check answers when it is run as a boot runs it. */
function outcomeOf(containers: string[], { withinMs = 5000, stableMs = 0 } = {}): Promise<Outcome> {
  const clock = makeClock();
  const ports: Partial<CheckPorts> = { clock, containers: containersIn() };
  async function use<Name extends keyof CheckPorts>(name: Name): Promise<CheckPorts[Name]> {
    const port = ports[name];
    if (port === undefined) throw new Error(`the check has no business with ${name}`);
    return port;
  }
  const planned = { name: 'containers', type: 'containers', required: true, withinMs, stableMs, timeoutMs: 10_000 };
  return runCheck(check, { ...planned, options: { containers } }, { options: { containers }, use, clock });
}
/** One probe alone. */
const now = (containers: string[]) => outcomeOf(containers, { withinMs: 0 });

beforeAll(async () => {
  machine = await bootMachine({ podman: true, files: FILES });
  const sockets = 'systemctl start podman.socket; ln -s podman/podman.sock /run/docker.sock';
  await machine.sh([IMAGE, IMPORT, USERS, sockets, SPECIMENS].join('\n'), { timeoutMs: 60_000 });
}, 120_000);
afterAll(() => machine?.stop());

describeContainers('podman itself', async () => ({
  containers: containersIn(),
  owner: { engine: 'podman', user: null },
}));

describeContainers("podman's own service, asked as Docker is", async () => ({
  containers: containersIn(),
  owner: { engine: 'docker' },
}));

describe('on a booted machine, the check of containers', () => {
  it('passes for containers that run, of podman and of an engine behind the socket of Docker', async () => {
    expect(await outcomeOf(['plain', 'fit', 'docker:fit'], { stableMs: 1000 })).toMatchObject({
      state: 'pass',
      facts: { fit: { health: 'healthy' }, 'docker:fit': { health: 'healthy' } },
    });
  });

  it('names every container that is not good, and why', async () => {
    expect(await now(['plain', 'sick', 'slow', 'once', 'made', 'gone'])).toMatchObject({
      state: 'fail',
      reason:
        'sick is unhealthy; healthy was wanted; ' +
        'slow runs, but its health check has not succeeded yet; healthy was wanted; ' +
        'once exited with status 3; running was wanted; made is created; running was wanted; ' +
        'gone does not exist (podman, root); running was wanted',
    });
  });

  it('does not take a container for good that podman keeps restarting', async () => {
    const outcome = await outcomeOf(['flap'], { withinMs: 0, stableMs: 3000 });
    expect(outcome).toMatchObject({ state: 'fail', reason: expect.stringMatching(/^flap .*was wanted/) });
    expect(outcome).toHaveProperty(
      'facts.flap.restarts',
      expect.toSatisfy((count: number) => count > 0),
    );
  });

  it('waits for a quadlet to come up, finds it by each of its names, and fails once it is stopped', async () => {
    const waiting = outcomeOf(['web', 'web.container', 'systemd-web', 'shop.container', 'front'], { stableMs: 1000 });
    await machine.sh('systemctl start web.service shop.service');
    expect(await waiting).toMatchObject({ state: 'pass', facts: { web: { name: 'systemd-web', health: 'healthy' } } });
    await machine.sh('systemctl stop web.service');
    expect(await now(['web.container', 'shop.container'])).toMatchObject({
      state: 'fail',
      reason: 'web.container does not exist (podman, root); running was wanted',
    });
  });

  it('does not take a quadlet for good that systemd keeps restarting', async () => {
    await machine.sh('systemctl start --no-block crash.service');
    const outcome = await outcomeOf(['crash.container'], { withinMs: 0, stableMs: 3000 });
    expect(outcome).toMatchObject({ state: 'fail', reason: expect.stringMatching(/^crash\.container .*was wanted/) });
    await machine.sh('systemctl stop crash.service');
  });

  it("sees a user's containers, and not root's in their place", async () => {
    await machine.sh(`${AS_ALICE} ${IMPORT}`);
    await machine.sh(`${AS_ALICE} podman run --detach --name app --network=none localhost/bb:1 sleep 10000`);
    expect(await outcomeOf(['alice/app'], { stableMs: 1000 })).toMatchObject({ state: 'pass' });
    expect(await now(['alice/plain', 'app'])).toMatchObject({
      state: 'fail',
      reason:
        'alice/plain does not exist (podman, alice); running was wanted; app does not exist (podman, root); running was wanted',
    });
  });

  it('passes in its unit too, for podman of root and of a user and for the socket of Docker', async () => {
    await machine.write('/etc/goodboot/config.d/containers.yaml', CONFIG);
    await machine.sh(FORGET_ALICE);
    const ran = await machine.exec(['goodboot', 'check', 'run', 'containers', '--json'], { timeoutMs: 20_000 });
    expect(JSON.parse(ran.stdout)).toMatchObject({
      checks: [{ outcome: { state: 'pass', facts: { 'alice/app': {} } } }],
    });
  });

  it('are asked for by the doctor in its unit too, which each change of the configuration starts', async () => {
    const finding = async () => {
      const { findings }: DoctorReport = JSON.parse(await machine.read('/var/lib/goodboot/doctor.json'));
      return findings.find(({ id }) => id === 'checks');
    };
    for (const [wanted, state, why] of [
      ['alice/gone', 'warn', 'not there: containers looks for container alice/gone'],
      ['alice/app', 'pass', ''],
    ]) {
      await machine.write('/etc/goodboot/config.d/containers.yaml', CONFIG.replace('alice/app', wanted!));
      const expected = { state, why: expect.stringContaining(why!) };
      await vi.waitFor(async () => expect(await finding()).toMatchObject(expected), { timeout: 20_000, interval: 200 });
    }
  });

  it.each([
    ['is not there', 'nobody-of-that-name/app', 'there is no user nobody-of-that-name'],
    ['has no session', 'bob/app', 'bob has no /run/user/1001, so is neither logged in nor lingering'],
  ])('fails when the user %s', async (_, wanted, why) => {
    expect(await now([wanted])).toMatchObject({ state: 'fail', reason: `${wanted} does not run: ${why}` });
  });
});
