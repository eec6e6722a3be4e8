import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { must } from '../lab/run.ts';
import type { Step } from './markdown.ts';

const REPO = resolve(import.meta.dirname, '../..');
/** Stand before and behind the exit status of each step, in what the session prints. */
const [BEFORE, BEHIND] = ['\u001f', '\u001e'];
const TIMEOUT_MS = 60_000;

/** Where a reader writes: laid over what is there, in memory, for this session alone. */
const LAID_OVER = ['/etc', '/usr/local', REPO];

/** What one step printed, on stdout and stderr. */
export interface Followed {
  readonly exitCode: number;
  readonly printed: string;
}

/**
 * Follows a page as a reader would, in one shell in the checkout. The session has its own mounts, processes and
 * network, and no systemd: it leaves nothing behind.
 */
export async function follow(steps: readonly Step[]): Promise<readonly Followed[]> {
  const session = await mkdtemp(join(tmpdir(), 'goodboot-docs-'));
  try {
    for (const [at, step] of steps.entries()) {
      await writeFile(join(session, `${at}`), step.kind === 'type' ? step.command : step.text);
    }
    await writeFile(join(session, 'session'), script(session, steps));
    const apart = ['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const env = { PATH: `${join(REPO, 'node_modules/.bin')}:${process.env['PATH']}` };
    await must([...apart, 'bash', join(session, 'session')], { timeoutMs: TIMEOUT_MS, env });
    const parts = (await readFile(join(session, 'printed'), 'utf8')).split(BEHIND).slice(0, -1);
    return parts.map((part) => {
      const [printed = '', exitCode] = part.split(BEFORE);
      return { exitCode: Number(exitCode), printed };
    });
  } finally {
    await rm(session, { recursive: true, force: true });
  }
}

const script = (session: string, steps: readonly Step[]): string => `set -e
mount -t tmpfs tmpfs /run
lay_over() {
  mkdir -p "/run/over$1/upper" "/run/over$1/work"
  mount -t overlay -o "lowerdir=$1,upperdir=/run/over$1/upper,workdir=/run/over$1/work" overlay "$1"
}
${LAID_OVER.map((path) => `lay_over ${path}`).join('\n')}
rm -rf /etc/goodboot # the reader has no configuration yet
mount -t tmpfs tmpfs /srv
ip link set lo up
cd ${REPO}
goodboot() { node --disable-warning=ExperimentalWarning ${REPO}/out/goodboot.mjs "$@"; }
set +e
exec >${session}/printed 2>&1 </dev/null
${steps.map((step, at) => `${taken(step, `${session}/${at}`)}\nprintf '${BEFORE}%s${BEHIND}' $?`).join('\n')}
`;

function taken(step: Step, file: string): string {
  switch (step.kind) {
    case 'write':
      return `mkdir -p "$(dirname ${step.path})" && cp ${file} ${step.path}`;
    case 'patch':
      return `git apply -C1 ${file}`;
    case 'type':
      return `. ${file}`;
  }
}
