import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Variant } from 'dbus-next/lib/variant.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUS, connect, type Signal } from '../../src/adapters/dbus/connection.ts';
import { SIGNAL, Wire } from '../lab/stand-in/dbus-wire.ts';

let directory: string;
let address: string;
let daemon: ReturnType<typeof spawn>;

/** A real dbus-daemon of our own. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'goodboot-dbus-'));
  daemon = spawn(
    'dbus-daemon',
    ['--session', '--nofork', '--print-address=1', `--address=unix:path=${directory}/bus`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [line] = await once(daemon.stdout!, 'data');
  address = String(line).trim();
});
afterAll(async () => {
  daemon.kill();
  await rm(directory, { recursive: true });
});

/** A server on a socket of its own, which answers as told. */
async function peer(answer: (data: string) => string | null): Promise<{ address: string; server: Server }> {
  const path = join(directory, `peer-${Math.random().toString(36).slice(2)}`);
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => {
      const text = answer(data.toString('latin1'));
      if (text === null) socket.destroy();
      else if (text !== '') socket.write(text);
    });
  });
  server.listen(path);
  await once(server, 'listening');
  return { address: `unix:path=${path}`, server };
}
const login = (data: string) => (data.includes('AUTH') ? 'OK 0123456789abcdef0123456789abcdef\r\n' : '');

describe('a D-Bus connection', () => {
  it('calls, and gives plain values back', async () => {
    await using bus = await connect(address, { hello: true });
    const [names] = await bus.call({ ...BUS, member: 'ListNames' });
    expect(names).toContain('org.freedesktop.DBus');
    const [features] = await bus.call({
      ...BUS,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'Get',
      signature: 'ss',
      body: [BUS.interface, 'Features'],
    });
    expect(features).toEqual(expect.any(Array));
  });

  it('keeps the name of the error that a service answered with', async () => {
    await using bus = await connect(address, { hello: true });
    await expect(bus.call({ ...BUS, member: 'Nonsense' })).rejects.toMatchObject({
      code: 'DBUS_FAILED',
      errorName: 'org.freedesktop.DBus.Error.UnknownMethod',
    });
  });

  it('hears signals', async () => {
    await using bus = await connect(address, { hello: true });
    await using other = await connect(address, { hello: true });
    await bus.call({ ...BUS, member: 'AddMatch', signature: 's', body: ["type='signal',member='NameOwnerChanged'"] });
    const heard = new Promise((resolve) =>
      bus.onSignal((signal) => signal.body[0] === 'org.goodboot.Test' && resolve(signal.member)),
    );
    await other.call({ ...BUS, member: 'RequestName', signature: 'su', body: ['org.goodboot.Test', 0] });
    expect(await heard).toBe('NameOwnerChanged');
  });

  it('speaks to a peer that is no bus, without Hello', async () => {
    const { address: at, server } = await peer(login);
    await using connection = await connect(at, { hello: false });
    expect(connection).toBeDefined();
    server.close();
  });

  it('reads 64-bit integers to the last bit, and no more of a PropertiesChanged than its head', async () => {
    const path = join(directory, 'wire');
    const integers = [7, 2n ** 64n - 1n, 1n - 2n ** 63n, { deep: new Variant('at', [0n, 2n ** 53n + 1n]) }];
    const server = createServer(async (socket) => {
      const wire = await Wire.accept(socket);
      wire.on('message', (message) => {
        const changed = ['a.b', { State: new Variant('s', 'new') }, ['Other']];
        const head = { type: SIGNAL, path: '/', interface: 'org.freedesktop.DBus.Properties' };
        wire.send({ ...head, member: 'PropertiesChanged', signature: 'sa{sv}as', body: changed });
        wire.reply(message, 'ytxa{sv}', integers);
      });
    });
    server.listen(path);
    await once(server, 'listening');
    await using connection = await connect(`unix:path=${path}`, { hello: false });
    const signals: Signal[] = [];
    connection.onSignal((signal) => signals.push(signal));
    const answer = await connection.call({ path: '/', interface: 'a.b', member: 'C' });
    expect(answer).toEqual([7, 2n ** 64n - 1n, 1n - 2n ** 63n, { deep: [0n, 2n ** 53n + 1n] }]);
    expect(signals).toMatchObject([{ member: 'PropertiesChanged', body: ['', {}, []] }]);
    server.close();
  });

  it('refuses a wrong body before it is sent', async () => {
    await using bus = await connect(address, { hello: true });
    await expect(bus.call({ ...BUS, member: 'AddMatch', signature: 's', body: [42] })).rejects.toMatchObject({
      code: 'DBUS_FAILED',
    });
  });

  it.each([['there is no socket', 'unix:path=/nonexistent/bus', 'no D-Bus answers here (ENOENT)']])(
    'says that the bus is unavailable when %s',
    async (_name, at, message) => {
      await expect(connect(at, { hello: true })).rejects.toMatchObject({
        code: 'DBUS_UNAVAILABLE',
        message: expect.stringContaining(message),
      });
    },
  );

  it('says that the bus is unavailable when it hangs up during the login', async () => {
    const { address: at, server } = await peer(() => null);
    await expect(connect(at, { hello: true })).rejects.toMatchObject({ code: 'DBUS_UNAVAILABLE' });
    server.close();
  });

  it('says so when the bus lets somebody in, and hangs up', async () => {
    const { address: at, server } = await peer((data) => (data.includes('BEGIN') ? null : login(data)));
    await expect(connect(at, { hello: true })).rejects.toMatchObject({
      code: 'DBUS_UNAVAILABLE',
      message: expect.stringMatching(/hung up after the login; .* whose user it cannot look up$/),
    });
    server.close();
  });

  it('does not wait for ever for an answer', async () => {
    const { address: at, server } = await peer(login);
    await using connection = await connect(at, { hello: false });
    await expect(connection.call({ path: '/', interface: 'a.b', member: 'C', timeoutMs: 30 })).rejects.toMatchObject({
      code: 'DBUS_TIMEOUT',
    });
    server.close();
  });

  it('settles what is pending when the peer goes away', async () => {
    const { address: at, server } = await peer((data) =>
      data.includes('BEGIN') && data.length > 10 ? null : login(data),
    );
    await using connection = await connect(at, { hello: false });
    const call = connection.call({ path: '/', interface: 'a.b', member: 'Leave' });
    server.close();
    const [one] = await Promise.allSettled([
      call,
      connection.call({ path: '/', interface: 'a.b', member: 'C' }).catch(() => undefined),
    ]);
    connection.close();
    expect(one).toMatchObject({ status: 'rejected' });
  });

  it('refuses calls after it ended', async () => {
    const bus = await connect(address, { hello: true });
    bus.close();
    await expect(bus.call({ ...BUS, member: 'ListNames' })).rejects.toMatchObject({ code: 'DBUS_UNAVAILABLE' });
  });
});
