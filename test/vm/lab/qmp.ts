import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';

type Values = Readonly<Record<string, unknown>>;

/** QEMU's own control socket: commands are answered in their order, with events in between. */
export class Qmp {
  readonly #socket: Socket;
  readonly #waiting: PromiseWithResolvers<Values>[] = [];

  constructor(socket: Socket, onEvent: (event: string, data: Values) => void) {
    this.#socket = socket;
    socket.on('error', () => undefined); // the close that follows says all
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('qemu is gone'));
    });
    const lines = createInterface({ input: socket }).on('error', () => undefined);
    lines.on('line', (line) => {
      const { event, data = {}, return: answer, error } = JSON.parse(line);
      if (event !== undefined) onEvent(event, data);
      else if (error !== undefined) this.#waiting.shift()?.reject(new Error(`qemu: ${error.desc}`));
      else if (answer !== undefined) this.#waiting.shift()?.resolve(answer);
    });
    this.execute('qmp_capabilities').catch(() => undefined); // whoever sends the next command is told
  }

  execute(command: string, values: Values = {}): Promise<Values> {
    const answer = Promise.withResolvers<Values>();
    this.#waiting.push(answer);
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: values })}\n`);
    return answer.promise;
  }
}
