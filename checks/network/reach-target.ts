import { parseTcpTarget, type TcpTarget } from '../tcp/target.ts';

/** What `reach` can ask: a TCP port, or a web address. */
export type ReachTarget =
  | { readonly kind: 'tcp'; readonly target: TcpTarget }
  | { readonly kind: 'http'; readonly url: string };

/** Reads `tcp://host:port`, `http://…` or `https://…`; null when it is none of them. */
export function parseReachTarget(text: string): ReachTarget | null {
  if (text.startsWith('tcp://')) {
    const target = parseTcpTarget(text.slice('tcp://'.length));
    return target === null ? null : { kind: 'tcp', target };
  }
  const url = URL.parse(text);
  const isPlain = url !== null && url.username === '' && url.password === '';
  return isPlain && /^https?:\/\//.test(text) ? { kind: 'http', url: text } : null;
}
