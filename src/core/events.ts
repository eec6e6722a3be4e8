/**
 * Every event that goodboot writes to the journal. The id is API: it is never used again for something else.
 * `subject` is the entry's message and its catalog heading, `body` its catalog text: what happened, what was
 * done, what the operator can do. `@FIELD@` stands for a field of the entry; `fields` are the event's own.
 * Priorities: 3 an operator must act, 4 degraded but decided, 5 verdict, mark, rollback, 6 the course of things.
 */
export const EVENTS = {
  'verdict-good': {
    id: 'e67d90230e42470b894415f211f19fda',
    priority: 5,
    fields: ['GOODBOOT_SUMMARY', 'GOODBOOT_DEPLOYMENT', 'GOODBOOT_DURATION_USEC'],
    subject: 'This boot is good: @GOODBOOT_SUMMARY@',
    body: 'Every required check of this boot passed or had nothing to look at (deployment @GOODBOOT_DEPLOYMENT@).\nNothing needs to be done. "goodboot status" shows every check.',
  },
  'verdict-bad': {
    id: 'a58b4be314404a9ca04e3e73f208388c',
    priority: 3,
    fields: ['GOODBOOT_SUMMARY', 'GOODBOOT_DEPLOYMENT', 'GOODBOOT_ACTIONS', 'GOODBOOT_DURATION_USEC'],
    subject: 'This boot is bad: @GOODBOOT_SUMMARY@',
    body: 'At least one required check of this boot failed (deployment @GOODBOOT_DEPLOYMENT@).\nActions that follow: @GOODBOOT_ACTIONS@. A deployment that is not on trial is neither rebooted nor rolled back.\n"goodboot status" shows every check and its reason. After mending the cause, "goodboot verdict" judges again.',
  },
  'verdict-indeterminate': {
    id: '127c8855d8cc4a4fac734b1bcc7ae5d7',
    priority: 3,
    fields: ['GOODBOOT_SUMMARY', 'GOODBOOT_DEPLOYMENT', 'GOODBOOT_ACTIONS', 'GOODBOOT_DURATION_USEC'],
    subject: 'It cannot be told whether this boot is good: @GOODBOOT_SUMMARY@',
    body: 'No required check failed, but at least one could not tell (deployment @GOODBOOT_DEPLOYMENT@).\nActions that follow: @GOODBOOT_ACTIONS@. On trial this counts as bad; otherwise the node stays as it is.\n"goodboot status" names the checks that could not tell; "goodboot explain CODE" says what to do about each.',
  },
  'check-failed': {
    id: '2c5d81a6748a47c59e3daf09bdf186b3',
    priority: 4,
    fields: ['GOODBOOT_CHECK', 'GOODBOOT_TYPE', 'GOODBOOT_REQUIRED', 'GOODBOOT_REASON', 'GOODBOOT_DURATION_USEC'],
    subject: 'Check @GOODBOOT_CHECK@ failed: @GOODBOOT_REASON@',
    body: 'The check @GOODBOOT_CHECK@ (type @GOODBOOT_TYPE@, required: @GOODBOOT_REQUIRED@) saw something else than was wanted.\nA failed required check makes the boot bad; a failed wanted check is only reported.\n"journalctl -u goodboot-check@@GOODBOOT_CHECK@.service" shows its course, "goodboot check run @GOODBOOT_CHECK@" runs it again.',
  },
  'check-errored': {
    id: 'ce1d89b61a824a228de380db7d15d97e',
    priority: 4,
    fields: [
      'GOODBOOT_CHECK',
      'GOODBOOT_TYPE',
      'GOODBOOT_REQUIRED',
      'GOODBOOT_REASON',
      'GOODBOOT_ERROR_CODE',
      'GOODBOOT_DURATION_USEC',
    ],
    subject: 'Check @GOODBOOT_CHECK@ could not tell: @GOODBOOT_REASON@',
    body: 'The check @GOODBOOT_CHECK@ (type @GOODBOOT_TYPE@, required: @GOODBOOT_REQUIRED@) did not come to an answer.\nThis says nothing about the host. Without an answer of a required check the verdict is indeterminate at best.\n"goodboot explain @GOODBOOT_ERROR_CODE@" says what to do, "goodboot check run @GOODBOOT_CHECK@" runs it again.',
  },
  'config-problem': {
    id: '020520c2df7e43a48d4f2410bcabde8a',
    priority: 3,
    fields: ['GOODBOOT_FILE', 'GOODBOOT_REASON', 'GOODBOOT_ERROR_CODE'],
    subject: 'Configuration problem: @GOODBOOT_FILE@: @GOODBOOT_REASON@',
    body: 'The file @GOODBOOT_FILE@ was left out, because it is not a valid configuration.\nThe vendor defaults and every valid file are in effect. This alone never rolls a node back.\nMend the file; "goodboot config check" says the same before it is shipped.',
  },
  'no-required-check': {
    id: '84cc9985757b4b4ebe80170c7ae5b798',
    priority: 4,
    fields: [],
    subject: 'No required check is configured',
    body: 'Nothing that is looked at can make this boot bad, so a good verdict means little.\nConfigure what this node is for, for example required.units in /etc/goodboot/config.yaml.\n"goodboot check list" shows what is looked at.',
  },
  'boot-marked-good': {
    id: 'd0919ee24f814bb18ecc37c558a217b5',
    priority: 5,
    fields: ['GOODBOOT_BOOT_LOADER', 'GOODBOOT_BY'],
    subject: 'The boot was marked good in the boot loader (@GOODBOOT_BOOT_LOADER@), by the @GOODBOOT_BY@',
    body: 'The boot loader no longer counts attempts for this deployment.\nNothing needs to be done. "goodboot mark bad" takes the mark back.',
  },
  'boot-marked-bad': {
    id: '49af1b9b35ad4210a83e0f93366b6c4a',
    priority: 5,
    fields: ['GOODBOOT_BOOT_LOADER', 'GOODBOOT_BY'],
    subject: 'The boot was marked bad in the boot loader (@GOODBOOT_BOOT_LOADER@), by the @GOODBOOT_BY@',
    body: 'The boot loader knows that this boot did not succeed. Where attempts are counted, the next boot spends one.\n"goodboot status" says why; "goodboot mark good" overrules it.',
  },
  'mark-failed': {
    id: '543e0131b84a447fa6f076b9da15547c',
    priority: 3,
    fields: ['GOODBOOT_MARK', 'GOODBOOT_BOOT_LOADER', 'GOODBOOT_REASON', 'GOODBOOT_ERROR_CODE'],
    subject: 'The boot could not be marked @GOODBOOT_MARK@: @GOODBOOT_REASON@',
    body: 'The verdict stands, but the boot loader (@GOODBOOT_BOOT_LOADER@) does not know of it.\nWhere attempts are counted, a good boot that is not marked will be given up after the last attempt.\n"goodboot explain @GOODBOOT_ERROR_CODE@" says what to do; then "goodboot mark @GOODBOOT_MARK@" tries again.',
  },
  'boot-held': {
    id: '84925fdc8c414727a8aa38e2f2d6ceae',
    priority: 3,
    fields: ['GOODBOOT_REASON'],
    subject: 'The node stays up as it is: @GOODBOOT_REASON@',
    body: 'The boot is not good, and nothing that goodboot may do would mend it: neither reboot nor rollback.\nThe target boot-complete.target is not reached, so no update is taken. The node waits for a person.\n"goodboot status" shows what failed. After mending it, "goodboot verdict" judges again.',
  },
  'recheck-good': {
    id: 'e367ab1a25de408fad34ece69144cf09',
    priority: 5,
    fields: ['GOODBOOT_SUMMARY'],
    subject: 'This boot has become good: @GOODBOOT_SUMMARY@',
    body: 'An earlier verdict of this boot was not good. The required checks pass now.\nWhat waited for boot-complete.target is started. "goodboot history" shows both verdicts.',
  },
  'ledger-repaired': {
    id: '90ba0ef289d8432f9b3fcdbbe7b92744',
    priority: 4,
    fields: ['GOODBOOT_FILE', 'GOODBOOT_REASON'],
    subject: 'The ledger was repaired: @GOODBOOT_REASON@',
    body: 'The file @GOODBOOT_FILE@ held lines that are not whole, as a power cut leaves them.\nA torn last line was cut off, damaged lines before it are passed over and kept. All other lines are in use.\nIf this comes back without power cuts, look after the disk: "journalctl -k -p warning" shows what the kernel says of it.',
  },
  'ledger-unwritable': {
    id: '7adb10a7dc1e41e2aef7cc279c8dc981',
    priority: 3,
    fields: ['GOODBOOT_FILE', 'GOODBOOT_REASON', 'GOODBOOT_ERROR_CODE'],
    subject: 'The ledger cannot be kept: @GOODBOOT_REASON@',
    body: 'What happens in this boot is not recorded in @GOODBOOT_FILE@. The verdict is not changed by this.\nUpdates are not put on trial while there is no ledger.\n"goodboot explain @GOODBOOT_ERROR_CODE@" says what to do.',
  },
  'last-boot-unclean': {
    id: '422d376409164efcba0f49e73de26f1e',
    priority: 4,
    fields: ['GOODBOOT_LAST_BOOT', 'GOODBOOT_REASON'],
    subject: 'The boot before this one @GOODBOOT_REASON@',
    body: 'Nobody shut boot @GOODBOOT_LAST_BOOT@ down, or boots after it did not come up.\nEnds without a shutdown count towards a crash loop, where trial.crashLoop allows so many.\n"journalctl -b @GOODBOOT_LAST_BOOT@" shows its last words, "goodboot history" how the boots before it ended.',
  },
  'evidence-kept': {
    id: 'e5ff0795e8834fed8bbc03912d339336',
    priority: 6,
    fields: ['GOODBOOT_LAST_BOOT', 'GOODBOOT_FILE', 'GOODBOOT_REASON'],
    subject: 'What is left of boot @GOODBOOT_LAST_BOOT@ is kept: @GOODBOOT_REASON@',
    body: 'That boot was spent on a trial. Its checks, its last lines and the last words of its kernel are in @GOODBOOT_FILE@.\n"goodboot trial evidence @GOODBOOT_LAST_BOOT@" shows them.',
  },
  'evidence-lost': {
    id: 'c4022b2293a84cb39078804e3b73bb1e',
    priority: 4,
    fields: ['GOODBOOT_REASON', 'GOODBOOT_ERROR_CODE'],
    subject: 'What is left of earlier boots could not be kept: @GOODBOOT_REASON@',
    body: 'The trial goes on as if it had been.\n"journalctl --list-boots" shows what the journal still has, "goodboot explain @GOODBOOT_ERROR_CODE@" what to do.',
  },
  'trial-armed': {
    id: '4342dbff377748f3b1022cb5ead47aeb',
    priority: 5,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'Deployment @GOODBOOT_DEPLOYMENT@ goes on trial: @GOODBOOT_REASON@',
    body: 'The next boot starts a trial. The boot loader counts the attempts and then falls back by itself.\nNothing needs to be done. "goodboot trial show" shows it.',
  },
  'trial-refused': {
    id: 'd355b64f5b154cd3804c5279368e59cf',
    priority: 3,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'Deployment @GOODBOOT_DEPLOYMENT@ cannot be put on trial: @GOODBOOT_REASON@',
    body: 'Attempts are counted only where the boot loader can fall back. Here it cannot, so nothing was armed.\nThe deployment boots without protection; the verdict still works.\n"goodboot doctor" says what is missing, and names the command that mends it.',
  },
  'trial-withdrawn': {
    id: 'f7c6df86c94c412c8655850e90cb458a',
    priority: 5,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'The trial of deployment @GOODBOOT_DEPLOYMENT@ was withdrawn: @GOODBOOT_REASON@',
    body: 'The deployment is no longer the next to boot, so the boot loader was told to stop counting.\nNothing needs to be done. "goodboot trial show" shows whether another trial is open.',
  },
  'trial-attempt': {
    id: '74c3a1b48a9c4c4a89a0025089cb6903',
    priority: 5,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'Attempt of deployment @GOODBOOT_DEPLOYMENT@: @GOODBOOT_REASON@',
    body: 'This boot belongs to a trial. If it is not good, the node reboots until no attempt is left, then falls back.\n"goodboot history" shows the attempts before it.',
  },
  'trial-uncounted': {
    id: '16b198db0b03461ba3c6f402a9dbdfe3',
    priority: 4,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'Deployment @GOODBOOT_DEPLOYMENT@ is on trial, but this boot does not count: @GOODBOOT_REASON@',
    body: 'The kernel was not started by the boot loader (kexec), or the counting fragment is gone.\nThe node is judged and stays up: a reboot that nobody counts could be one of an endless row.\n"goodboot trial show" says what happens next, "goodboot doctor" whether attempts are counted.',
  },
  'trial-ended-good': {
    id: '234a79e7cff3436097ded7e4399852f4',
    priority: 5,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'Deployment @GOODBOOT_DEPLOYMENT@ passed its trial: @GOODBOOT_REASON@',
    body: 'It is marked good, and the boot loader no longer counts.\nNothing needs to be done. "goodboot history" shows the trial.',
  },
  'soak-started': {
    id: '94702e04561c4ebb937fbc50080f9c13',
    priority: 6,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'Deployment @GOODBOOT_DEPLOYMENT@ is watched: @GOODBOOT_REASON@',
    body: 'The required checks passed and are now repeated. The boot is marked good when they held for the whole time.\nNothing needs to be done. "goodboot trial show" says what happens next.',
  },
  'reboot-requested': {
    id: '1515af1187ea4ce8a9c9ba37d1b81386',
    priority: 3,
    fields: ['GOODBOOT_REASON', 'GOODBOOT_ATTEMPTS_LEFT'],
    subject: 'The node reboots: @GOODBOOT_REASON@',
    body: 'A deployment on trial was not good. Attempts left: @GOODBOOT_ATTEMPTS_LEFT@; with none left the next boot is the fallback.\n"journalctl -b -1" shows this boot afterwards, "goodboot history" the whole trial.',
  },
  'fallback-detected': {
    id: 'c0267982d0414a079847c9a5d7493cff',
    priority: 3,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'The boot loader gave up deployment @GOODBOOT_DEPLOYMENT@: @GOODBOOT_REASON@',
    body: 'All attempts of the trial were used up without a good verdict, so the deployment that worked before was started.\nThe rollback is now made permanent. "goodboot history" shows why the attempts failed.',
  },
  'rollback-done': {
    id: '01ff661800234241a693857ec700a843',
    priority: 3,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'Rolled back to @GOODBOOT_DEPLOYMENT@: @GOODBOOT_REASON@',
    body: 'The deployment is the default again; this was read back.\n"goodboot history" shows why.',
  },
  'rollback-failed': {
    id: '6224ed0c89ad417dab815fa1395ee2f6',
    priority: 3,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'Rollback to @GOODBOOT_DEPLOYMENT@ failed: @GOODBOOT_REASON@',
    body: 'The node runs the deployment that works, and the boot loader goes on choosing it. The next boot tries again.\n"goodboot rollback" tries at once; else do it by hand: "rpm-ostree rollback", "bootc rollback" or "ostree admin set-default INDEX".',
  },
  'trial-ended-bad': {
    id: '35cd097c930f4fde842a7ed5561d7b26',
    priority: 3,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'Deployment @GOODBOOT_DEPLOYMENT@ failed its trial: @GOODBOOT_REASON@',
    body: 'The node runs the deployment that worked before.\n"goodboot history" shows every attempt and its reasons.',
  },
  'trial-drilled': {
    id: '2a81821427e44263adec271bab24b8ec',
    priority: 5,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'The trial of a drill is over: @GOODBOOT_DEPLOYMENT@ (@GOODBOOT_REASON@)',
    body: 'The node went back by itself from a deployment that failed on purpose. It is not denied.\nWhat the drill brought is taken away next; "goodboot drill show" says how it went.',
  },
  'drill-begun': {
    id: 'ecbfcc58c77543a781dffc4869900c79',
    priority: 5,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'A drill begins: @GOODBOOT_REASON@',
    body: 'What runs was deployed once more, as @GOODBOOT_DEPLOYMENT@, and fails in each boot of its trial on purpose.\nThe node uses up the attempts and goes back by itself. "goodboot drill show" says where it is.',
  },
  'drill-passed': {
    id: 'ab0aecaaaa7a4e2e96b555605b9f7ce2',
    priority: 5,
    fields: ['GOODBOOT_REASON'],
    subject: 'The drill passed: @GOODBOOT_REASON@',
    body: 'The node left a deployment that failed on purpose, and is exactly where it was before.\nNothing needs to be done. "goodboot drill show" says how long each step took.',
  },
  'drill-failed': {
    id: '8e97c99c83474c908688a555e89cbd52',
    priority: 3,
    fields: ['GOODBOOT_REASON'],
    subject: 'The drill did not pass: @GOODBOOT_REASON@',
    body: 'After a drill, something is not as it was, or it did not come to its end.\n"goodboot drill show" names each difference, "goodboot history" what happened, "goodboot doctor" what a rollback lacks.',
  },
  'deployment-denied': {
    id: 'd633c4ad687b4f3ba8e6da3a93f0ddee',
    priority: 4,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'Deployment @GOODBOOT_DEPLOYMENT@ is denied: @GOODBOOT_REASON@',
    body: 'This node does not boot it again.\n"goodboot deny remove @GOODBOOT_DEPLOYMENT@" allows it, when the cause is known to be gone.',
  },
  'deployment-allowed': {
    id: '8d05defccf1942c892a0405eb12a8d7a',
    priority: 5,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'Deployment @GOODBOOT_DEPLOYMENT@ is allowed again: @GOODBOOT_REASON@',
    body: 'The next update may bring it. It goes on trial like any other.\nNothing needs to be done. "goodboot deny list" shows what is still denied.',
  },
  'deployment-dropped': {
    id: '98c2e3bd19d54efaa7a013a4e4e97703',
    priority: 4,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'A staged deployment was taken away again: @GOODBOOT_DEPLOYMENT@ (@GOODBOOT_REASON@)',
    body: 'An updater brought a deployment that this node rolled back from, or one more while a trial is open.\nIt is not booted into.\n"goodboot deny list" shows what is denied, and since when.',
  },
  'environment-fault': {
    id: '8d7a1457afab4c41bbb1d2bdaf9e4c91',
    priority: 4,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'Not the fault of deployment @GOODBOOT_DEPLOYMENT@: @GOODBOOT_REASON@',
    body: 'The same checks failed before the update, during the trial and after the fallback: the surroundings are at fault.\nThe deployment is not denied and may be tried again. Look after the network, the site or the remote end.\n"goodboot trial evidence" shows what failed on trial, "goodboot status" what fails now.',
  },
  'crash-loop': {
    id: 'd5d83c825f2a42bab79dcb0df0f9a497',
    priority: 3,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'Deployment @GOODBOOT_DEPLOYMENT@ crashes again and again: @GOODBOOT_REASON@',
    body: 'With an older deployment at hand this counts as a failed trial.\n"journalctl -b -1" and /var/lib/systemd/pstore show how the last boot ended.',
  },
  'rollback-by-hand': {
    id: '61964650d3e84f0a8b0599d7d5ad2353',
    priority: 4,
    fields: ['GOODBOOT_DEPLOYMENT', 'GOODBOOT_REASON'],
    subject: 'A person leaves deployment @GOODBOOT_DEPLOYMENT@: @GOODBOOT_REASON@',
    body: 'The way back is made permanent now; if that is cut short, the next boot finishes it.\nThe deployment that runs goes on running until the next reboot. "goodboot deny list" shows whether it is denied.',
  },
  'hook-failed': {
    id: '465f2e8a04d54652b2a2f68f267a037b',
    priority: 3,
    fields: ['GOODBOOT_HOOK', 'GOODBOOT_REASON', 'GOODBOOT_DURATION_USEC'],
    subject: 'Hook @GOODBOOT_HOOK@ failed: @GOODBOOT_REASON@',
    body: 'A program in green.d or red.d did not end well. The verdict is not changed by this, and the hooks after it still ran.\n"journalctl -u goodboot-hooks@green.service -u goodboot-hooks@red.service" shows what it said.',
  },
  'hooks-not-run': {
    id: '6c4618191dde48ab9652ff7f094d3b4b',
    priority: 3,
    fields: ['GOODBOOT_VERDICT', 'GOODBOOT_REASON'],
    subject: 'The hooks for a @GOODBOOT_VERDICT@ boot did not all run: @GOODBOOT_REASON@',
    body: 'The unit that runs the programs in green.d or red.d could not be started, or did not end in time and was stopped.\nThe verdict is not changed by this.\n"systemctl status goodboot-hooks@green.service goodboot-hooks@red.service" says why.',
  },
  'rollback-ready': {
    id: 'a8ffdc3ecc7146a1be808663a0a57548',
    priority: 5,
    fields: ['GOODBOOT_ANSWER', 'GOODBOOT_REASON'],
    subject: 'A bad update would be rolled back: @GOODBOOT_REASON@',
    body: 'Everything that a rollback stands on was looked at, and is in order. It was not so when it was looked at before, or nobody had looked.\nNothing needs to be done. "goodboot doctor" shows each precondition, and warnings.',
  },
  'rollback-not-ready': {
    id: 'ac832a644eec480a85bf4d32ccd66f8f',
    priority: 3,
    fields: ['GOODBOOT_ANSWER', 'GOODBOOT_REASON'],
    subject: 'It is not certain that a bad update would be rolled back (@GOODBOOT_ANSWER@): @GOODBOOT_REASON@',
    body: 'Something that a rollback stands on is missing (no), or could not be looked at (not-sure). The node runs on as it is.\n"goodboot doctor" shows each precondition with the command that mends it; "goodboot doctor --fix" mends what is safe to mend.',
  },
} as const satisfies Record<string, EventSpec>;

interface EventSpec {
  readonly id: string;
  readonly priority: 3 | 4 | 5 | 6;
  readonly fields: readonly `GOODBOOT_${string}`[];
  readonly subject: string;
  readonly body: string;
}

export type EventName = keyof typeof EVENTS;

/** The values that one event needs, all of them and no others. */
export type EventFields<Name extends EventName = EventName> = {
  readonly [Field in (typeof EVENTS)[Name]['fields'][number]]: string | number;
};

/** A template with its `@FIELD@` replaced; a field that is not there is left as it stands, as journalctl does. */
export function fillIn(template: string, fields: Readonly<Record<string, string | number>>): string {
  return template.replace(/@([A-Z][A-Z0-9_]*)@/g, (whole, field: string) => String(fields[field] ?? whole));
}

/** All fields of the journal entry of one event, in order; `MESSAGE` first. */
export function journalFields<Name extends EventName>(
  name: Name,
  fields: EventFields<Name>,
): Readonly<Record<string, string | number>> {
  const { id, priority, subject } = EVENTS[name];
  const message = fillIn(subject, fields);
  return { MESSAGE: message, MESSAGE_ID: id, PRIORITY: priority, GOODBOOT_EVENT: name, ...fields };
}
