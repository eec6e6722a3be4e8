import type { Readable } from 'node:stream';

/** What a stream said so far. */
export interface Captured {
  text(): string;
  truncated(): boolean;
}

/** Keeps the first `maxBytes` of a stream; the rest is read and dropped, so that the writer is never held up. */
export function capture(stream: Readable, maxBytes: number): Captured {
  const chunks: Buffer[] = [];
  let room = maxBytes;
  let truncated = false;
  stream.on('data', (chunk: Buffer) => {
    truncated ||= chunk.length > room;
    if (room > 0) chunks.push(chunk.subarray(0, room));
    room -= Math.min(room, chunk.length);
  });
  return {
    // Streaming mode leaves out a character that the cut went through.
    text: () => new TextDecoder().decode(Buffer.concat(chunks), { stream: truncated }),
    truncated: () => truncated,
  };
}
