import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { checkFiles } from '../../src/config/check-files.ts';
import { describeConfig, showConfig } from '../../src/config/explain.ts';
import { assemble, loadDefaultConfig } from '../../src/config/load.ts';
import { formatProblem, type Problem } from '../../src/config/problem.ts';
import { checkTypes } from '../../src/config/registry.ts';
import { sampleTypes } from '../fixtures/config/check-types.ts';
import { HEAD, SITE, slotsOf, VENDOR } from '../fixtures/config/slots.ts';

const loaded = assemble(
  slotsOf({ '/vendor': VENDOR, [SITE]: 'wanted:\n  units: [a.service]\nchecks: { base: { words: [x, "y z"] } }' }),
  sampleTypes,
);

test('the merged configuration is shown in its long form, with defaults, and with the origin of each value', () => {
  expect(showConfig(loaded, sampleTypes, { origins: true })).toBe(`apiVersion: goodboot/v1 # ${SITE}:1:1
trial:
  attempts: 3 # default
  soak: 5m # default
  deadline: 15m # default
  crashLoop:
    reboots: 3 # default
    window: 1h # default
onRegression: hold # default
hooks:
  timeout: 1m # default
drill:
  windows: [] # default
bootLoader: auto # default
report: {}
checks:
  base:
    type: answer # /vendor:3:11
    required: true # /vendor:3:25
    within: 30s # default
    stable: "0" # default
    timeout: 5s # default
    port: 1 # /vendor:3:41
    words: [x, y z] # ${SITE}:4:19
  wanted-units:
    type: units # ${SITE}:3:3
    required: false # ${SITE}:3:3
    within: 2m # default
    stable: 10s # default
    timeout: 10s # default
    units:
      a.service: true # ${SITE}:3:11
`);
});

test('what is shown means the same when it is read again', () => {
  const shown = showConfig(loadDefaultConfig(checkTypes), checkTypes, { origins: true });
  const again = assemble(slotsOf({ '/shown': shown }), checkTypes);
  expect(again.problems).toEqual([]);
  expect(again.settings).toEqual(loadDefaultConfig(checkTypes).settings);
});

test('as data, the values and their origins stand apart', () => {
  const { config, origins } = describeConfig(loaded, sampleTypes);
  expect(config).toMatchObject({ trial: { attempts: 3 }, checks: { base: { words: ['x', 'y z'] } } });
  expect(origins).toMatchObject({ 'trial.attempts': 'default', 'checks.base.words': `${SITE}:4:19` });
});

describe('goodboot config check', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'goodboot-config-'));
    write(SITE, 'checks: { web: { type: tcp, target: "localhost:80" } }');
    write('/etc/goodboot/config.d/50-web.yaml', 'checks: { web: { within: 5s } }');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const write = (path: string, text: string): void => {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), HEAD + text);
  };
  const lines = (problems: readonly Problem[]) => problems.map(formatProblem);
  const checkFile = async (path: string, text?: string) => {
    if (text !== undefined) write(path, text);
    const [checked] = await checkFiles(makeFiles(root), checkTypes, [path]);
    return { alone: lines(checked?.alone ?? []), inPlace: lines(checked?.inPlace ?? []) };
  };

  test('a file that stands on its own is valid alone and in its place', async () => {
    expect(await checkFile('/new/60-more.yaml', 'trial: { soak: 1m }')).toEqual({ alone: [], inPlace: [] });
  });

  test('a drop-in that changes a check of another file is valid only in its place', async () => {
    const { alone, inPlace } = await checkFile('/new/60-web.yaml', 'checks: { web: { within: 9s } }');
    expect(alone).toHaveLength(1);
    expect(alone[0]).toMatch(/^\/new\/60-web\.yaml:2:11 checks\.web\.type: missing/);
    expect(inPlace).toEqual([]);
  });

  test('the same drop-in under a name that sorts first, but after the site file, is valid too', async () => {
    expect((await checkFile('/new/00-web.yaml', 'checks: { web: { within: 9s } }')).inPlace).toEqual([]);
  });

  test('a new site file that other files can no longer build on is told which of them it breaks', async () => {
    const { inPlace } = await checkFile('/new/config.yaml', 'checks: { wep: { type: tcp, target: "localhost:80" } }');
    expect(inPlace[0]).toMatch(/^\/etc\/goodboot\/config\.d\/50-web\.yaml:2:11 checks\.web\.type: missing/);
  });

  test('what is wrong with other files is not held against it', async () => {
    write('/etc/goodboot/config.d/10-broken.yaml', 'trial: 5');
    expect((await checkFile('/new/60-more.yaml', 'trial: { soak: 1m }')).inPlace).toEqual([]);
  });

  test('an installed file is not held against itself', async () => {
    write('/etc/goodboot/config.d/50-web.yaml', 'checks: { web: { withing: 5s } }');
    expect((await checkFile('/etc/goodboot/config.d/50-web.yaml')).inPlace).toEqual([
      '/etc/goodboot/config.d/50-web.yaml:2:18 checks.web.withing: unknown key (did you mean within?)',
    ]);
  });

  test('a file that is not there, and a name that would be ignored, are said', async () => {
    expect((await checkFile('/new/gone.yaml')).inPlace).toEqual(['/new/gone.yaml: does not exist']);
    expect((await checkFile('/new/a.yml', 'trial: {}')).inPlace).toEqual([
      '/new/a.yml: ignored: a drop-in is named *.yaml, and does not start with a dot',
    ]);
  });
});
