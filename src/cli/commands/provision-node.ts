import { basename, resolve } from 'node:path';
import { formatProblem } from '../../config/problem.ts';
import { loadDropIns, type NodeOptions, PROVISION_NAME, provisionText } from '../../config/provision.ts';
import { checkTypes } from '../../config/registry.ts';
import { isDropInName, readSource, type Source } from '../../config/search.ts';
import { GoodbootError } from '../../core/errors.ts';
import { type FirstBoot, NOTHING } from '../../core/provision/first-boot.ts';
import { isUnitName } from '../../core/provision/unit-name.ts';
import type { Files } from '../../ports/files.ts';
import type { Terminal } from '../terminal.ts';
import { sayProblems } from './say-problems.ts';

/** What the command line says of the nodes themselves. */
export interface NodeArguments {
  readonly requiredUnit?: readonly string[];
  readonly requiredContainer?: readonly string[];
  readonly collector?: string;
  readonly group?: string;
  readonly enrolmentTokenFile?: string;
  readonly config?: readonly string[];
}

const DROP_INS = '/etc/goodboot/config.d';
/** Where systemd looks for credentials that a unit loads by name, systemd.exec(5). */
const CREDENTIALS = '/etc/credstore';
const TOKEN = `${CREDENTIALS}/goodboot.enrolment-token`;
const MAX_TOKEN_BYTES = 4096;

/** The part of the config that belongs to a node: what it requires, where it reports, and who it is. */
export async function nodePart(given: NodeArguments, files: Files, terminal: Terminal): Promise<FirstBoot> {
  const text = provisionText(optionsOf(given));
  const sources = await sourcesOf(given.config ?? [], files);
  const own: Source[] = text === null ? [] : [{ file: PROVISION_NAME, content: new TextEncoder().encode(text) }];
  const loaded = loadDropIns([...sources, ...own], checkTypes);
  const fault = loaded.problems.find(({ severity }) => severity === 'error');
  if (fault !== undefined) {
    // What it says of its own file is about an option.
    if (fault.file === PROVISION_NAME) throw new GoodbootError('USAGE', `${fault.path}: ${fault.message}`);
    throw new GoodbootError(fault.code as 'CONFIG_INVALID', formatProblem(fault), { hint: fault.hint });
  }
  sayProblems(loaded, terminal);
  const token = given.enrolmentTokenFile === undefined ? null : await tokenOf(given.enrolmentTokenFile, files);
  const dropIns = [...sources, ...own].map(({ file, content }) => ({
    path: `${DROP_INS}/${basename(file)}`,
    mode: 0o644,
    content: { text: new TextDecoder().decode(content as Uint8Array) },
  }));
  return {
    ...NOTHING,
    directories: token === null ? [] : [{ path: CREDENTIALS, mode: 0o700 }],
    files: token === null ? dropIns : [...dropIns, { path: TOKEN, mode: 0o600, content: { text: token } }],
  };
}

function optionsOf({ requiredUnit = [], requiredContainer = [], collector, group }: NodeArguments): NodeOptions {
  for (const unit of requiredUnit) {
    if (isUnitName(unit)) continue;
    throw new GoodbootError('USAGE', `--required-unit ${unit}: not the name of a unit that can be active`, {
      hint: 'a name such as app.service, app@one.service or data.mount is wanted',
    });
  }
  return {
    units: [...new Set(requiredUnit)],
    containers: [...new Set(requiredContainer)],
    collector: collector ?? null,
    group: group ?? null,
  };
}

/** The drop-ins, as they will be named on the nodes. */
async function sourcesOf(paths: readonly string[], files: Files): Promise<readonly Source[]> {
  const sources: Source[] = [];
  const names = new Set<string>([PROVISION_NAME]);
  for (const path of paths) {
    const name = basename(path);
    if (!isDropInName(name)) throw new GoodbootError('USAGE', `--config ${path}: a drop-in is named *.yaml`);
    if (names.has(name)) throw new GoodbootError('USAGE', `--config ${path}: there is another ${name}`);
    names.add(name);
    sources.push(await readSource(files, resolve(path)));
  }
  return sources;
}

/** The secret itself is in no message. */
async function tokenOf(path: string, files: Files): Promise<string> {
  const bytes = await files.readBytes(resolve(path), MAX_TOKEN_BYTES);
  if (bytes === null) throw new GoodbootError('USAGE', `--enrolment-token-file ${path}: there is no such file`);
  const token = bytes.toString('latin1').replace(/\r?\n$/, '');
  if (/^[\x21-\x7e]+$/.test(token) && bytes.length <= MAX_TOKEN_BYTES) return token;
  throw new GoodbootError('USAGE', `--enrolment-token-file ${path}: one line of printable characters was wanted`);
}
