/** The wire layer of dbus-next 0.10.2, as far as it is used here; the package brings no types for it. */
declare module 'dbus-next/lib/connection.js' {
  import type { EventEmitter } from 'node:events';
  import type { Socket } from 'node:net';
  import type { Message } from 'dbus-next/lib/message-type.js';

  interface WireConnection extends EventEmitter {
    readonly stream: Socket;
    message(message: Message): void;
  }
  export default function createConnection(options: { busAddress: string; authMethods?: string[] }): WireConnection;
}

declare module 'dbus-next/lib/message-type.js' {
  interface MessageFields {
    readonly type?: number;
    readonly destination?: string;
    readonly path?: string;
    readonly interface?: string;
    readonly member?: string;
    readonly signature?: string;
    readonly body?: readonly unknown[];
    readonly flags?: number;
  }
  export class Message {
    constructor(fields: MessageFields);
    serial: number | null;
    readonly type: number;
    readonly replySerial: number | undefined;
    readonly errorName: string | undefined;
    readonly path: string | undefined;
    readonly interface: string | undefined;
    readonly member: string | undefined;
    readonly sender: string | undefined;
    readonly body: readonly unknown[];
  }
}

declare module 'dbus-next/lib/dbus-buffer.js' {
  /** Reads the parts of one message, one after the other. */
  export default class DBusBuffer {
    readonly buffer: Buffer;
    /** The first byte of the message: `l` or `B`. */
    readonly endian: number;
    pos: number;
    /** To the next multiple of two to the power of that. */
    align(power: number): void;
    read(signature: string): unknown[];
    readSimpleType(type: string): unknown;
  }
}

declare module 'dbus-next/lib/variant.js' {
  export class Variant {
    readonly signature: string;
    readonly value: unknown;
    constructor(signature: string, value: unknown);
  }
}
