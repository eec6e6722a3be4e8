import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import { marshallMessage, messageToJsFmt, type WireMessage } from 'dbus-next/lib/marshall-compat.js';
import { unmarshalMessages } from 'dbus-next/lib/message.js';

export type { WireMessage };

export const CALL = 1;
const RETURN = 2;
const ERROR = 3;
export const SIGNAL = 4;
const GUID = '0123456789abcdef0123456789abcdef';

/** A D-Bus connection from either end, without any of the comforts of a bus. Emits `message` and `close`. */
export class Wire extends EventEmitter<{ message: [WireMessage]; close: [] }> {
  readonly #socket: Socket;
  #serial = 0;

  private constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.emit('close'));
    unmarshalMessages(socket, (message) => this.emit('message', messageToJsFmt(message)), {});
  }

  /** The end that was connected to: it answers the login. */
  static async accept(socket: Socket): Promise<Wire> {
    let seen = '';
    while (!seen.includes('BEGIN\r\n')) {
      const chunk = await read(socket);
      seen += chunk;
      if (chunk.includes('AUTH ')) socket.write(`OK ${GUID}\r\n`);
      if (chunk.includes('NEGOTIATE_UNIX_FD')) socket.write('ERROR\r\n');
    }
    const rest = seen.slice(seen.indexOf('BEGIN\r\n') + 'BEGIN\r\n'.length);
    if (rest !== '') socket.unshift(Buffer.from(rest, 'latin1'));
    return new Wire(socket);
  }

  /** The end that connects. */
  static async open(socket: Socket): Promise<Wire> {
    await once(socket, 'connect');
    socket.write(`\0AUTH EXTERNAL ${Buffer.from(String(process.getuid?.())).toString('hex')}\r\n`);
    const answer = await read(socket);
    if (!answer.startsWith('OK ')) throw new Error(`the bus said ${answer}`);
    socket.write('BEGIN\r\n');
    return new Wire(socket);
  }

  send(message: Omit<WireMessage, 'serial'>): number {
    this.#serial += 1;
    this.#socket.write(marshallMessage({ ...message, serial: this.#serial })[0]);
    return this.#serial;
  }

  /** Calls a method, and waits for its answer. */
  call(message: Omit<WireMessage, 'serial' | 'type'>): Promise<void> {
    const serial = this.send({ ...message, type: CALL });
    return new Promise((resolve) => {
      const look = ({ replySerial }: WireMessage) => {
        if (replySerial !== serial) return;
        this.off('message', look);
        resolve();
      };
      this.on('message', look);
    });
  }

  reply(to: WireMessage, signature = '', body: readonly unknown[] = []): void {
    this.send({ type: RETURN, replySerial: to.serial, signature, body, ...destinationOf(to) });
  }

  refuse(to: WireMessage, errorName: string, text: string): void {
    this.send({ type: ERROR, replySerial: to.serial, errorName, signature: 's', body: [text], ...destinationOf(to) });
  }
}

const destinationOf = ({ sender }: WireMessage) => (sender === undefined ? {} : { destination: sender });

async function read(socket: Socket): Promise<string> {
  for (;;) {
    const chunk: Buffer | null = socket.read();
    if (chunk !== null) return chunk.toString('latin1');
    await once(socket, 'readable');
  }
}
