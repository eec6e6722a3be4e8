/** The parts of dbus-next that a D-Bus server is made from; the package brings no types for them. */
declare module 'dbus-next/lib/marshall-compat.js' {
  export interface WireMessage {
    readonly serial: number;
    readonly type: number;
    readonly flags?: number;
    readonly path?: string;
    readonly interface?: string;
    readonly member?: string;
    readonly sender?: string;
    readonly destination?: string;
    readonly errorName?: string;
    readonly replySerial?: number;
    readonly signature?: string;
    readonly body?: readonly unknown[];
  }
  export function marshallMessage(message: WireMessage): readonly [Buffer, readonly number[]];
  export function messageToJsFmt(message: WireMessage): WireMessage;
}

declare module 'dbus-next/lib/message.js' {
  import type { Duplex } from 'node:stream';
  import type { WireMessage } from 'dbus-next/lib/marshall-compat.js';
  export function unmarshalMessages(stream: Duplex, onMessage: (message: WireMessage) => void, options: object): void;
}
