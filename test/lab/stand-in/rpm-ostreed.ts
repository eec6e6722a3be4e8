// The rpm-ostree daemon, as far as it is used: rpm-ostreed.ts STATE SOCKET, started by a bus. What it answers is written
// from org.projectatomic.rpmostree1.xml and from what the daemon of June 2026 does with it.
import { chmodSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { exit } from 'node:process';
import { Variant } from 'dbus-next/lib/variant.js';
import { CALL, SIGNAL, Wire, type WireMessage } from './dbus-wire.ts';
import {
  loadState,
  rpmOstreeCleanup,
  rpmOstreeRollback,
  type StateEntry,
  takeFault,
  writeEntries,
} from './sysroot-state.ts';

const [path = '', socketPath = ''] = process.argv.slice(2);
const NAME = 'org.projectatomic.rpmostree1';
const SYSROOT = '/org/projectatomic/rpmostree1/Sysroot';
const OS = '/org/projectatomic/rpmostree1/fedora';
const BUSY = 'org.gtk.GDBus.UnmappedGError.Quark._g_2dio_2derror_2dquark.Code26';
const DENIED = 'org.freedesktop.DBus.Error.AccessDenied';
const BUS = { destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus' };
/** The real one has 60 s. */
const IDLE_MS = 100;

interface Transaction {
  readonly method: string;
  readonly owner: string;
  readonly server: Server;
  readonly peers: Set<Wire>;
  started: boolean;
  finished: readonly [boolean, string] | null;
}

const address = process.env['DBUS_STARTER_ADDRESS'] ?? '';
const bus = await Wire.open(createConnection(/path=([^,]+)/.exec(address)![1]!));
const clients = new Set<string>();
let transaction: Transaction | null = null;
let idle = setTimeout(leave, IDLE_MS);

bus.on('close', () => exit(0));
bus.on('message', (message) => {
  if (message.type === SIGNAL && message.member === 'NameOwnerChanged')
    left(String(message.body?.[0]), message.body?.[2]);
  if (message.type === CALL) answer(message);
  stayAwake();
});
await bus.call({ ...BUS, member: 'Hello' });
await bus.call({ ...BUS, member: 'AddMatch', signature: 's', body: ["type='signal',member='NameOwnerChanged'"] });
await bus.call({ ...BUS, member: 'RequestName', signature: 'su', body: [NAME, 0] });

function stayAwake(): void {
  clearTimeout(idle);
  idle = setTimeout(leave, IDLE_MS);
}

function leave(): void {
  if (clients.size === 0 && transaction === null) exit(0);
  stayAwake();
}

/** A client that goes before it has started its transaction takes it back. */
function left(name: string, newOwner: unknown): void {
  if (newOwner !== '') return;
  clients.delete(name);
  if (transaction?.owner === name && !transaction.started) endTransaction();
}

function answer(call: WireMessage): void {
  switch (`${call.path} ${call.interface}.${call.member}`) {
    case `${SYSROOT} ${NAME}.Sysroot.RegisterClient`:
      // It is going away because nobody needed it, and does not answer any more.
      if (takeFault(path, 'leaving')) exit(0);
      if (takeFault(path, 'denied')) bus.refuse(call, DENIED, 'rpmostreed Sysroot operation not allowed for user');
      else bus.reply(call);
      clients.add(call.sender!);
      break;
    case `${SYSROOT} ${NAME}.Sysroot.Reload`:
      bus.reply(call);
      break;
    case `${SYSROOT} org.freedesktop.DBus.Properties.Get`:
      property(call, String(call.body?.[1]));
      break;
    case `${OS} ${NAME}.OS.Rollback`:
    case `${OS} ${NAME}.OS.Cleanup`:
      begin(call);
      break;
    default:
      bus.refuse(call, 'org.freedesktop.DBus.Error.UnknownMethod', `No such method “${call.member}”`);
  }
}

function property(call: WireMessage, name: string): void {
  const entries = loadState(path).entries;
  const isBooted = entries.some(({ booted }) => booted);
  if (name === 'Booted') bus.reply(call, 'v', [new Variant('o', isBooted ? OS : '/')]);
  else if (name !== 'Deployments') bus.refuse(call, 'org.freedesktop.DBus.Error.InvalidArgs', 'No such property');
  else bus.reply(call, 'v', [new Variant('aa{sv}', entries.map(dictionary))]);
}

function dictionary(entry: StateEntry): Record<string, Variant> {
  const { checksum, stateroot, version, booted, staged, pinned, isImage } = entry;
  const text = (value: string) => new Variant('s', value);
  const reference = 'ostree-unverified-registry:registry.example.org/os:stable';
  return {
    id: text(`${stateroot}-${checksum}.0`),
    osname: text(stateroot),
    ...(takeFault(path, 'noise') ? {} : { checksum: text(checksum) }),
    serial: new Variant('i', 0),
    booted: new Variant('b', booted),
    staged: new Variant('b', staged),
    pinned: new Variant('b', pinned),
    unlocked: text('none'),
    version: text(version),
    timestamp: new Variant('t', 1_780_000_000n),
    packages: new Variant('as', []),
    ...(isImage
      ? { 'container-image-reference': text(reference), 'container-image-reference-digest': text(`sha256:${checksum}`) }
      : { origin: text('fedora:fedora/x86_64/stable') }),
  };
}

/** One transaction at a time; who asks for the same that is under way joins it. */
function begin(call: WireMessage): void {
  const method = `${call.member} ${JSON.stringify(call.body)}`;
  const join = () => bus.reply(call, 's', [`unix:path=${socketPath}`]);
  if (transaction !== null && transaction.method !== method) {
    const [other] = transaction.method.toLowerCase().split(' ');
    const cure = 'You can cancel the current transaction with `rpm-ostree cancel`';
    bus.refuse(call, BUSY, `Transaction in progress: ${other}\n ${cure}`);
  } else if (takeFault(path, 'busy')) bus.refuse(call, BUSY, 'System transaction in progress');
  else if (transaction !== null) join();
  else {
    transaction = newTransaction(method, call.sender!);
    transaction.server.listen(socketPath, () => {
      chmodSync(socketPath, 0o666);
      join();
    });
  }
}

function newTransaction(method: string, owner: string): Transaction {
  rmSync(socketPath, { force: true });
  const peers = new Set<Wire>();
  const server = createServer(async (socket) => {
    const peer = await Wire.accept(socket);
    peers.add(peer);
    peer.on('message', (message) => {
      const isStart = message.path === '/' && message.interface === `${NAME}.Transaction` && message.member === 'Start';
      if (isStart) start(peer, message);
      else peer.refuse(message, 'org.freedesktop.DBus.Error.UnknownMethod', `No such method “${message.member}”`);
    });
    peer.on('close', () => {
      peers.delete(peer);
      if (transaction?.peers === peers && transaction.finished !== null && peers.size === 0) endTransaction();
    });
  });
  return { method, owner, server, peers, started: false, finished: null };
}

function endTransaction(): void {
  transaction?.server.close();
  transaction = null;
}

function start(peer: Wire, message: WireMessage): void {
  const current = transaction!;
  const isFirst = !current.started;
  current.started = true;
  peer.reply(message, 'b', [isFirst]);
  if (isFirst && !takeFault(path, 'hang')) execute(current);
  else if (current.finished !== null) finish(peer, current.finished);
}

function execute(current: Transaction): void {
  if (takeFault(path, 'die-before')) exit(1);
  current.finished = outcome(current.method);
  if (takeFault(path, 'die-after')) exit(1);
  for (const peer of current.peers) {
    const signal = { type: SIGNAL, path: '/', interface: `${NAME}.Transaction`, member: 'Message' };
    peer.send({ ...signal, signature: 's', body: ['Moving a deployment to be first deployment'] });
    finish(peer, current.finished);
  }
}

function outcome(method: string): readonly [boolean, string] {
  if (takeFault(path, 'fail')) return [false, 'During txn completion: Full sync: Input/output error'];
  if (takeFault(path, 'lie')) return [true, ''];
  const change = () => {
    const { entries } = loadState(path);
    if (method.startsWith('Rollback')) writeEntries(path, rpmOstreeRollback(entries));
    else if (method.includes('"pending-deploy"')) writeEntries(path, rpmOstreeCleanup(entries));
  };
  try {
    change();
    // Somebody else asked for the same at the same moment.
    if (takeFault(path, 'twice')) change();
    return [true, ''];
  } catch (error) {
    return [false, error instanceof Error ? error.message : String(error)];
  }
}

function finish(peer: Wire, body: readonly [boolean, string]): void {
  peer.send({ type: SIGNAL, path: '/', interface: `${NAME}.Transaction`, member: 'Finished', signature: 'bs', body });
}
