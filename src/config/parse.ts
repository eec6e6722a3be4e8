import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { fault, type Origin, type Problem, wholeFile } from './problem.ts';
import { API_VERSION } from './schema.ts';
import { entriesOf, joinPath, type MapTree, map, scalar, type Tree } from './tree.ts';

/** Largest configuration file that is read. A thousand checks need a tenth of it. */
export const MAX_FILE_BYTES = 1024 * 1024;

/** Values in one file, each alias counted with all that it stands for. */
const MAX_VALUES = 100_000;
/** Text that counts as one value: aliases must not multiply long text either. */
const VALUE_LENGTH = 64;
const MAX_DEPTH = 24;
/** Keys that name a part of every JavaScript object: refused, so that no value can reach one. */
const RESERVED_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** One file as written. Problems of severity `error` mean that it must not be used. */
export interface Fragment {
  readonly file: string;
  readonly tree: MapTree;
  readonly problems: readonly Problem[];
}

/** Reads one configuration file. Never throws, whatever the bytes are. */
export function parseFragment(file: string, bytes: Uint8Array): Fragment {
  const problems: Problem[] = [];
  const failed = (problem: Problem): Fragment => ({ file, tree: map([], wholeFile(file)), problems: [problem] });

  const decoded = decode(bytes);
  if (typeof decoded !== 'string') {
    return failed(fault('CONFIG_SYNTAX', { ...wholeFile(file), ...decoded.at }, decoded.message));
  }
  const lines = new LineCounter();
  const originAt = (offset: number, path: string): Origin => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col, path };
  };
  // uniqueKeys compares every key of a map with every other: minutes for a large file. The reader below does it with a map.
  const document = parseDocument(decoded, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    resolveKnownTags: false,
    // 'silent' would hide a second document.
    logLevel: 'error',
  });
  const broken = document.errors[0] ?? document.warnings[0];
  if (broken !== undefined) {
    const message = broken.code === 'MULTIPLE_DOCS' ? 'a second document starts here; one was wanted' : broken.message;
    return failed(fault('CONFIG_SYNTAX', originAt(broken.pos[0], ''), message));
  }
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    return { file, tree: map([], wholeFile(file)), problems };
  }

  const tree = readTree(document.contents, { originAt, problems });
  if (tree.kind !== 'map') {
    const last = problems.at(-1);
    return failed(
      last ?? fault('CONFIG_INVALID', tree.origin, `a map that starts with "apiVersion: ${API_VERSION}" was wanted`),
    );
  }
  const version = judgeVersion(tree);
  if (version?.isNewer) return failed(version.problem);
  const entries = [...tree.entries].filter(([key]) => key !== 'apiVersion');
  return {
    file,
    tree: version === null ? tree : map(entries, tree.origin),
    problems: version === null ? problems : [version.problem, ...problems],
  };
}

interface Reading {
  readonly originAt: (offset: number, path: string) => Origin;
  readonly problems: Problem[];
}

/** Turns YAML nodes into a tree: resolves aliases within bounds, and refuses what a configuration cannot mean. */
function readTree(root: Node, { originAt, problems }: Reading): Tree {
  const anchors = new Map<string, Node>();
  let budget = MAX_VALUES;

  const refuse = (origin: Origin, message: string): Tree => {
    problems.push(fault('CONFIG_INVALID', origin, message));
    return scalar(null, origin);
  };
  const resolve = (node: Node): Node => {
    const target = isAlias(node) ? (anchors.get(node.source) ?? node) : node;
    if (!isAlias(target) && target.anchor !== undefined) anchors.set(target.anchor, target);
    return target;
  };
  const read = (given: Node, origin: Origin, depth: number): Tree => {
    const node = resolve(given);
    budget -= 1;
    if (isAlias(node)) return refuse(origin, `no &${node.source} stands before this`);
    if (depth > MAX_DEPTH) return refuse(origin, `nested more than ${MAX_DEPTH} levels deep`);
    if (isSeq<Node>(node)) {
      const items: Tree[] = [];
      for (const [index, item] of node.items.entries()) {
        if (budget < 0) break;
        items.push(read(item, originAt(startOf(item), joinPath(origin.path, [index])), depth + 1));
      }
      return { kind: 'list', items, origin };
    }
    if (isMap<Node, Node | null>(node)) {
      const entries = new Map<string, Tree>();
      for (const { key: givenKey, value } of node.items) {
        if (budget < 0) break;
        const key = resolve(givenKey);
        const start = startOf(givenKey);
        if (!isScalar(key) || key.value === null || key.value === '') {
          refuse(originAt(start, origin.path), 'a key must be a word');
          continue;
        }
        // As written: 1.10 stays 1.10.
        const name = typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
        budget -= name.length / VALUE_LENGTH;
        const at = originAt(start, joinPath(origin.path, [name]));
        if (RESERVED_KEYS.has(name)) refuse(at, 'this key is reserved; choose another name');
        else if (entries.has(name))
          refuse(at, `the key stands twice; the first is in line ${entries.get(name)?.origin.line}`);
        else entries.set(name, value === null ? scalar(null, at) : read(value, at, depth + 1));
      }
      return map(entries, origin);
    }
    const value: unknown = isScalar(node) ? node.value : null;
    if (typeof value === 'string') budget -= value.length / VALUE_LENGTH;
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return scalar(value, origin);
    if (typeof value === 'number' && Number.isFinite(value)) return scalar(value, origin);
    return refuse(origin, 'this is not a value that a configuration can hold');
  };

  const tree = read(root, originAt(startOf(root), ''), 0);
  return budget < 0
    ? refuse(originAt(0, ''), `holds more than ${MAX_VALUES} values, with what its aliases stand for`)
    : tree;
}

/** Says what is wrong with the apiVersion of a file that holds something, or null. */
function judgeVersion(tree: MapTree): { readonly problem: Problem; readonly isNewer: boolean } | null {
  const version = entriesOf(tree).get('apiVersion');
  const write = `write "apiVersion: ${API_VERSION}"`;
  if (version === undefined) {
    const place = { ...tree.origin, path: 'apiVersion' };
    return { problem: fault('CONFIG_INVALID', place, `missing: ${write} at the top`), isNewer: false };
  }
  const value = version.kind === 'scalar' ? version.value : null;
  if (value === API_VERSION) return null;
  const isNewer = /^goodboot\/v([2-9]|[1-9]\d+)\b/.test(String(value));
  const message = isNewer
    ? `${value} is newer than this goodboot, which reads ${API_VERSION}: update goodboot, or ${write}`
    : `${JSON.stringify(value)} is not a version of this file: ${write}`;
  return { problem: fault('CONFIG_INVALID', version.origin, message), isNewer };
}

/** The text of UTF-8 bytes, or what is wrong with them and where. */
function decode(
  bytes: Uint8Array,
): string | { readonly message: string; readonly at: { line: number; column: number } } {
  const lossy = new TextDecoder().decode(bytes);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  const control = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.exec(lossy);
  if (control !== null) {
    const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    return {
      message: `holds the control character U+${code}: this is not a text file`,
      at: positionOf(lossy, control.index),
    };
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { message: 'holds bytes that are not UTF-8', at: positionOf(lossy, lossy.indexOf('\ufffd')) };
  }
}

function positionOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

const startOf = (node: Node): number => node.range?.[0] ?? 0;
