import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { checkTypes } from '../../src/config/registry.ts';
import type { VerdictReport } from '../../src/core/verdict-report.ts';
import { LAB_NODE } from '../lab/layer.ts';
import { bootMachine, type Machine } from '../lab/machine.ts';
import { ensureRootfs } from '../lab/rootfs.ts';

const SUITES = ['trixie', 'bookworm'] as const;

vi.setConfig({ testTimeout: 60_000 });

beforeAll(async () => {
  for (const suite of SUITES) await ensureRootfs(suite);
}, 600_000);

const NO_DEFAULTS = `apiVersion: goodboot/v1
bootLoader: noop
checks:
  units: false
  failed-units: false
  filesystem: false
  network: false
  kernel: false
  time: false
`;
/** A check of each type, with all that its sandbox is open for. */
const CHECKS = `apiVersion: goodboot/v1
checks:
  a-command: { type: command, argv: [/usr/bin/site-check], env: { CREDENTIALS_DIRECTORY: /run/credentials/goodboot-check@a-command.service } }
  modem: { type: command, argv: [sh, -c, 'test $(id -un) = app && ! touch /var/app && ! ip link show up0'] }
  a-filesystem:
    type: filesystem
    within: 3s
    mounts: { /: { writable: true }, /tmp: { writable: probe }, /proc: {}, /sys: {} }
    paths: { /var: { writable: probe }, /home/site: { writable: probe, free: 1MiB, freeInodes: 1 }, /usr: { writable: probe } }
  a-greenboot: { type: greenboot, after: [] }
  a-http: { type: http, within: 3s, url: 'http://localhost:8080/', bearerTokenCredential: health-token }
  a-kernel: { type: kernel, taint: [] }
  a-network:
    type: network
    within: 3s
    interfaces: { up0: { address: 10.77.0.0/24 } }
    resolve: [peer.example]
    reach: { all: ['tcp://10.77.0.1:8080', 'http://localhost:8080/open'] }
  a-tcp: { type: tcp, within: 3s, target: ['localhost:8080', '10.77.0.1:8080'] }
  a-time: { type: time, within: 3s, maxError: 60s }
  a-units: { type: units, within: 3s, units: [dbus.service, site.service], target: false, stable: 0s }
`;

/** Answers to who has the token, and at /open to all. */
const SERVER = `require('node:http').createServer((request, response) => {
  response.statusCode = request.url === '/open' || request.headers.authorization === 'Bearer s3cret' ? 200 : 401;
  response.end();
}).listen(8080);`;

/** The drop-in of a check that a page shows. */
async function exampleIn(page: string): Promise<string> {
  const text = await readFile(resolve(import.meta.dirname, '../..', page), 'utf8');
  const example = /```ini\n(?<text># \/etc\/systemd\/system\/goodboot-check@[^`]+)```/.exec(text)?.groups?.['text'];
  if (example === undefined) throw new Error(`${page} has no example of a drop-in`);
  return example;
}

/** A link with a neighbour that answers, and a directory that is closed even to root without its capabilities. */
const SET_UP = `
ip link set lo up
ip netns add peer
ip link add up0 type veth peer name peer0 netns peer
ip addr add 10.77.0.1/24 dev up0
ip link set up0 up
ip -n peer addr add 10.77.0.2/24 dev peer0
ip -n peer link set peer0 up
ip route add default via 10.77.0.2
echo app:x:1234:1234::/:/bin/sh >>/etc/passwd; echo app:x:1234: >>/etc/group
install -d -m 700 -o 1234 -g 1234 /home/site
systemctl start site.service
`;

async function boot(suite: (typeof SUITES)[number]): Promise<Machine> {
  const token = await exampleIn('checks/http/README.md');
  const machine = await bootMachine({
    suite,
    clock: true,
    files: {
      '/etc/goodboot/config.d/10-no-defaults.yaml': NO_DEFAULTS,
      '/etc/hosts': '127.0.0.1 localhost\n10.77.0.2 peer.example\n',
      '/usr/bin/site-check': {
        content:
          '#!/bin/sh -e\necho x >/usr/written\nid -u | grep -qx 0\ngrep -q s3cret "$CREDENTIALS_DIRECTORY/health-token"\n',
        mode: 0o755,
      },
      '/etc/greenboot/check/required.d/10.sh': 'echo x >/usr/lib/written && ip link set up0 mtu 1400\n',
      '/etc/systemd/system/goodboot-check@modem.service.d/50-site.conf': await exampleIn('docs/explanation/units.md'),
      '/etc/app/health-token': { content: 's3cret\n', mode: 0o600 },
      '/usr/lib/site.cjs': SERVER,
      '/etc/systemd/system/site.service': `[Service]\nExecStart=${LAB_NODE} /usr/lib/site.cjs\n`,
      '/etc/systemd/system/goodboot-check@a-http.service.d/50-token.conf': token,
      '/etc/systemd/system/goodboot-check@a-command.service.d/50-token.conf': token,
    },
  });
  await machine.sh(SET_UP);
  await machine.write('/etc/goodboot/config.d/50-site.yaml', CHECKS);
  return machine;
}

async function answers(machine: Machine, ...names: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const ran = await machine.exec(['goodboot', 'check', 'run', '--json', ...names], { timeoutMs: 30_000 });
  const { checks }: VerdictReport = JSON.parse(ran.stdout);
  return Object.fromEntries(checks.map(({ name, outcome }) => [name, outcome]));
}

test.each(SUITES)('each type of check does its work in its sandbox (%s)', async (suite) => {
  await using machine = await boot(suite);
  const outcomes = await answers(machine);
  // Containers need podman in the machine: they have a test of their own, in their unit too.
  const types = [...checkTypes.keys()].filter((type) => type !== 'containers');
  expect(outcomes).toEqual(
    Object.fromEntries(
      ['modem', ...types.map((type) => `a-${type}`)].map((name) => [name, expect.objectContaining({ state: 'pass' })]),
    ),
  );

  // Nobody but the unit has the token: it is in no file that a check could read, and told nowhere.
  await machine.write(
    '/etc/goodboot/config.d/60.yaml',
    'apiVersion: goodboot/v1\nchecks: { b-http: { type: http, url: "http://localhost:8080/", bearerTokenFile: /run/credentials/goodboot-check@a-http.service/health-token, within: 0s } }\n',
  );
  expect(await answers(machine, 'b-http')).toMatchObject({ 'b-http': { state: 'error', code: 'FILE_UNREADABLE' } });
  expect(await machine.sh('journalctl -b -o cat; cat /run/goodboot/results/* /run/goodboot/plan.json')).not.toContain(
    's3cret',
  );
});
