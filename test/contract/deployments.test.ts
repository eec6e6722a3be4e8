import { makeOstreeSysroot } from '../lab/stand-in/ostree-sysroot.ts';
import { bootcStandIn, ostreeStandIn, rpmOstreeStandIn } from '../lab/stand-in/subject.ts';
import { describeDeployments, type Exempt, fakeDeployments } from './deployments.contract.ts';

/** Before 2023.6 ostree can only remove deployments, and neither the booted one nor, for us, a pinned one. */
const gone = (left: string) => ({ reason: 'what stood before is removed, not moved', left });
const refused = (what: string) => ({ reason: `${what} stands before and cannot be removed`, left: null });
const NO_SET_DEFAULT: Exempt = {
  'the booted one becomes the default again, after a fallback boot': gone('1'),
  'the booted one, where an older one is there too': gone('1 0'),
  'a pinned one stays': gone('1 0'),
  'a staged one is dropped, and the bad one stays': gone('1'),
  'the other becomes the default, when the booted one is bad': refused('the booted one'),
  'the oldest of three': refused('the booted one'),
  'the second of three': refused('the booted one'),
  'a pinned one can be it': refused('the booted one'),
  'a staged one is dropped, and the older one becomes the default': refused('the booted one'),
  'a pinned one before the booted one stays': refused('a pinned one'),
};

describeDeployments('the fake', async (places) => fakeDeployments(places));
describeDeployments('ostree 2025.2, real', (places) => makeOstreeSysroot('trixie', places));
describeDeployments('ostree 2022.7, real', (places) => makeOstreeSysroot('bookworm', places), NO_SET_DEFAULT);
describeDeployments('ostree 2026.4, a stand-in', (places) => ostreeStandIn(places));
describeDeployments('bootc, a stand-in', (places) => bootcStandIn(places));
describeDeployments('rpm-ostree, a stand-in', (places) => rpmOstreeStandIn(places));
