import type { Socket } from 'node:net';
import type { Ran } from '../../lab/run.ts';

interface Request {
  readonly resolve: (ran: Ran) => void;
  readonly reject: (error: Error) => void;
}

/** The host's end of the port on which the guest's agent listens, for one boot. */
export class Agent {
  /** The boot id, said once PID 1 has started the agent; empty after a `resume`. Rejects when the machine went down before. */
  readonly ready: Promise<string>;
  readonly #socket: Socket;
  readonly #requests = new Map<string, Request>();
  readonly #ready = Promise.withResolvers<string>();
  #received = Buffer.alloc(0);
  #count = 0;
  #closed = false;

  /** `listening`: it was ready before this machine was suspended, and says so only once. */
  constructor(socket: Socket, listening = false) {
    this.#socket = socket;
    this.ready = this.#ready.promise;
    if (listening) this.#ready.resolve('');
    this.ready.catch(() => undefined); // nobody may be waiting
    socket.on('data', (data: Buffer) => this.#receive(data));
    socket.on('error', () => undefined); // the close that follows says all
    socket.on('close', () => this.close());
  }

  /** Runs a shell script in the guest; it is killed there when its time is over. */
  async run(script: string, input: string | Buffer, timeoutMs: number): Promise<Ran> {
    await this.ready;
    const id = `${++this.#count}`;
    const { promise, resolve, reject } = Promise.withResolvers<Ran>();
    if (this.#closed) throw new Error('the machine is down');
    this.#requests.set(id, { resolve, reject });
    const [body, data] = [Buffer.from(script), Buffer.from(input)];
    this.#socket.write(`${id} ${timeoutMs / 1000} ${body.length} ${data.length}\n`);
    this.#socket.write(body);
    this.#socket.write(data);
    return promise;
  }

  /** Rejects all that still waits. */
  close(): void {
    this.#closed = true;
    const error = new Error('the machine went down');
    this.#ready.reject(error);
    for (const { reject } of this.#requests.values()) reject(error);
    this.#requests.clear();
  }

  #receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    for (let end = this.#received.indexOf('\n'); end >= 0; end = this.#received.indexOf('\n')) {
      const [id = '', exitCode, out, err] = this.#received.toString('utf8', 0, end).split(' ');
      const start = end + 1;
      if (id === 'ready') {
        this.#ready.resolve(`${exitCode}`);
        this.#received = this.#received.subarray(start);
        continue;
      }
      const [outEnd, errEnd] = [start + Number(out), start + Number(out) + Number(err)];
      if (this.#received.length < errEnd) return; // more is to come
      const stdout = this.#received.toString('utf8', start, outEnd);
      const stderr = this.#received.toString('utf8', outEnd, errEnd);
      this.#received = this.#received.subarray(errEnd);
      this.#requests.get(id)?.resolve({ exitCode: Number(exitCode), stdout, stderr });
      this.#requests.delete(id);
    }
  }
}
