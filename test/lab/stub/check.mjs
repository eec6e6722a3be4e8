// Stands in for the check program: says what its sandbox lets it do.
import { spawnSync } from 'node:child_process';
import ffi from 'node:ffi';
import { writeFileSync, writeSync } from 'node:fs';
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const STATUS = { skips: 21, fails: 20 };
const MANAGER = ['org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager'];

const name = process.argv[2];
const { sd_notify: notify } = new ffi.DynamicLibrary('libsystemd.so.0').getFunctions({
  sd_notify: { arguments: ['int32', 'string'], return: 'int32' },
});

const canWrite = (path) => {
  try {
    writeFileSync(path, '');
    return true;
  } catch {
    return false;
  }
};

if (name === 'long-extends') notify(0, 'EXTEND_TIMEOUT_USEC=10000000');
if (name.startsWith('long')) await delay(2000);
if (name === 'floods') for (;;) writeSync(1, Buffer.alloc(65_536));

const connectError = await new Promise((resolve) => {
  createConnection(1, '127.0.0.1').on('error', (error) => resolve(error.code));
});
const bus = spawnSync('busctl', ['get-property', ...MANAGER, 'SystemState']).status;
const ip = spawnSync('ip', ['-json', 'route', 'show', 'default']).status;
const writesVar = canWrite('/var/lib/written');
console.log(JSON.stringify({ uid: process.getuid(), writesVar, connectError, bus, ip }));
process.exit(STATUS[name] ?? 0);
