import type { NodeState } from './node-state.ts';
import { shortId } from './short-id.ts';
import type { Standing } from './trial.ts';

export interface OutlookFacts {
  readonly state: Pick<NodeState, 'trial' | 'boots' | 'chosen'>;
  readonly booted: string | null;
  readonly standing: Standing;
  /** As the boot loader has it now. */
  readonly counter: number | null;
  /** What this boot was judged, or where its judging is; null: not begun. */
  readonly judged: 'good' | 'bad' | 'indeterminate' | 'judging' | 'soaking' | null;
}

/** What happens next to this node, in one sentence. */
export const outlook = (facts: OutlookFacts): string =>
  facts.state.trial?.drill === true ? `a drill is under way: ${whatNext(facts)}` : whatNext(facts);

function whatNext({ state, booted, standing, counter, judged }: OutlookFacts): string {
  const { trial, boots, chosen } = state;
  if (trial === null) {
    const isWaiting = chosen !== undefined && chosen !== null && chosen !== booted;
    return isWaiting
      ? `the next boot starts ${shortId(chosen)}, as somebody decided by hand`
      : 'no trial is open; the next update starts one';
  }
  const [left, to] = [counter ?? 0, shortId(trial.from)];
  if (trial.byHand !== undefined) return `somebody goes back to ${to} by hand; the next boot finishes that`;
  const onTrial = shortId(trial.deployment);
  switch (standing) {
    case 'settled':
      return booted === trial.deployment && counter === null
        ? 'the mark is made; the trial is closed with the next boot or update'
        : 'this boot is not counted (kexec, or the fragment is gone): it is judged and stays up, and the next boot goes on';
    case 'fallback':
      return trial.drill === true
        ? `the verdict of this boot ends the trial: ${to} stays, and ${onTrial} is taken away`
        : `the verdict of this boot ends the trial: ${to} stays, and ${onTrial} is denied unless the surroundings are at fault`;
    case 'by-hand': {
      const isNew = !boots.some(({ deployment }) => deployment === trial.deployment);
      if (trial.phase === 'fell-back') return `another boot entry was chosen; the node goes on going back to ${to}`;
      if (counter === null) return 'nothing is counted yet; the shutdown sets the counter before it boots';
      if (isNew)
        return `the next boot starts ${onTrial}; after ${left === 1 ? 'one bad boot' : `${left} bad boots`} the node goes back to ${to} by itself`;
      return `this boot was chosen by hand and is not judged; the next one goes on with ${onTrial} (${boot(left)})`;
    }
    case 'on-trial':
      return thisBoot(left, to, judged);
  }
}

function thisBoot(left: number, to: string, judged: OutlookFacts['judged']): string {
  const otherwise =
    left > 0
      ? `the node reboots, with ${boot(left)} left before it goes back to ${to}`
      : left === 0
        ? `the node reboots into ${to}`
        : 'the node stays up, since its attempts were used up before, and the next boot is the fallback';
  if (judged === 'soaking')
    return `every required check passed and is repeated; if that holds, this boot is marked good, else ${otherwise}`;
  if (judged === 'bad' || judged === 'indeterminate') return otherwise;
  const when = judged === 'good' ? 'the mark could not be made yet' : 'this boot is judged';
  return `${when}: if good, it is watched and then marked, else ${otherwise}`;
}

const boot = (count: number): string => (count === 1 ? 'one more boot' : `${Math.max(0, count)} more boots`);
