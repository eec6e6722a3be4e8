import { libc } from '../ffi/libc.ts';

/** sys/socket.h, the same on x86_64 and aarch64. */
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const MSG_NOSIGNAL = 0x4000;

/**
 * Tells the service manager something (`READY=1`, `STATUS=…`): one datagram to $NOTIFY_SOCKET, as sd_notify(3) describes
 * it. Not by libsystemd: where that cannot be loaded, a check that cannot say that it is alive would be ended for it. False:
 * nobody asked to be told, or it was not sent. Never throws.
 */
export function notify(state: string, socket: string | undefined = process.env['NOTIFY_SOCKET']): boolean {
  if (socket === undefined || !/^[/@]./.test(socket)) return false;
  try {
    const { socket: open, sendto, close } = libc();
    const fd = open(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
    if (fd < 0) return false;
    try {
      const [data, to] = [Buffer.from(state), addressOf(socket)];
      return sendto(fd, data, BigInt(data.length), MSG_NOSIGNAL, to, to.length) === BigInt(data.length);
    } finally {
      close(fd);
    }
  } catch {
    return false;
  }
}

/** struct sockaddr_un. An abstract name begins with a zero byte, and ends with its last one. */
function addressOf(socket: string): Buffer {
  const path = socket.startsWith('@') ? `\0${socket.slice(1)}` : `${socket}\0`;
  const address = Buffer.alloc(2 + Buffer.byteLength(path));
  address.writeUInt16LE(AF_UNIX);
  address.write(path, 2);
  return address;
}
