# Completion of goodboot for fish. Made from src/cli by "npm run gen".

# Are these the commands on the line? With a number: and are there fewer arguments behind them than that?
function __goodboot_at
    set -l at
    set -l given 0
    set -l option
    set -l words (commandline -opc)
    for word in $words[2..]
        if test -n "$option"
            set option
            continue
        end
        switch $word
            case --root -n --lines --attempts --window --prefix --from --format --base-url --release --arch --required-unit --required-container --collector --group --enrolment-token-file --config --merge-url --merge-file
                set option $word
            case '-*'
            case '*'
                switch "$at $word"
                    case ' check' ' check list' ' check run' ' verdict' ' status' ' history' ' mark' ' trial' ' trial show' ' trial evidence' ' rollback' ' deny' ' deny list' ' deny add' ' deny remove' ' doctor' ' drill' ' drill show' ' install' ' uninstall' ' install-grub' ' provision' ' migrate' ' migrate greenboot' ' config' ' config check' ' config show' ' config schema' ' explain' ' help'
                        set at "$at $word"
                    case '*'
                        set given (math $given + 1)
                end
        end
    end
    test "$at" = "$argv[1]"; and test (count $argv) -lt 2 -o $given -lt "$argv[2]"
end

complete -c goodboot -f
complete -c goodboot -s V -l version -d 'version, commit and runtime'
complete -c goodboot -l json -d 'answer as JSON, in the form of output-v1.schema.json'
complete -c goodboot -l root -r -f -a '(__fish_complete_directories)' -d 'work on the system below this directory, not on the running one'
complete -c goodboot -s h -l help -d 'show this help'
complete -c goodboot -n '__goodboot_at ""' -a check -d 'list the configured checks, or run them'
complete -c goodboot -n '__goodboot_at ""' -a verdict -d 'run every check, judge this boot, and act on it (what goodboot-verdict.service runs)'
complete -c goodboot -n '__goodboot_at ""' -a status -d 'the verdict of this boot, why, and what the boot loader says now'
complete -c goodboot -n '__goodboot_at ""' -a history -d 'what this node remembers: boots, verdicts, marks'
complete -c goodboot -n '__goodboot_at ""' -a mark -d 'mark this boot in the boot loader by hand'
complete -c goodboot -n '__goodboot_at ""' -a trial -d 'the trial of a new deployment'
complete -c goodboot -n '__goodboot_at ""' -a rollback -d 'go back to the deployment before, by hand'
complete -c goodboot -n '__goodboot_at ""' -a deny -d 'deployments that this node never boots into again'
complete -c goodboot -n '__goodboot_at ""' -a doctor -d 'would a bad update be rolled back on this node: every precondition, and the command that mends it'
complete -c goodboot -n '__goodboot_at ""' -a drill -d 'rehearse a rollback for real: reboot into a copy of what runs that fails, and come back'
complete -c goodboot -n '__goodboot_at ""' -a install -d 'install this goodboot: its executable, units and texts'
complete -c goodboot -n '__goodboot_at ""' -a uninstall -d 'take goodboot out again'
complete -c goodboot -n '__goodboot_at ""' -a install-grub -d 'let GRUB count the boots of a trial: install or update the counting fragment'
complete -c goodboot -n '__goodboot_at ""' -a provision -d 'print a config for Ignition or Butane that makes nodes with goodboot'
complete -c goodboot -n '__goodboot_at ""' -a migrate -d 'take over from another program'
complete -c goodboot -n '__goodboot_at ""' -a config -d 'check, show or describe the configuration'
complete -c goodboot -n '__goodboot_at ""' -a explain -d 'what an error code, an event or a check type means, and what to do'
complete -c goodboot -n '__goodboot_at ""' -a help -d 'show the help of a command'
complete -c goodboot -n '__goodboot_at " check"' -a list -d 'the configured checks: name, type, whether required, times'
complete -c goodboot -n '__goodboot_at " check"' -a run -d 'run checks now and say what they mean; marks nothing. A check that is named counts as required'
complete -c goodboot -n '__goodboot_at " check run"' -f -a '(goodboot complete checks 2>/dev/null)'
complete -c goodboot -n '__goodboot_at " verdict"' -l dry-run -d 'judge, say what would be done, and change nothing'
complete -c goodboot -n '__goodboot_at " history"' -s n -l lines -r -f -d 'how many of the newest lines'
complete -c goodboot -n '__goodboot_at " mark" 1' -f -a 'good bad'
complete -c goodboot -n '__goodboot_at " trial"' -a show -d 'the open trial, and where this boot stands in it'
complete -c goodboot -n '__goodboot_at " trial"' -a evidence -d 'what is left of the boots that trials have spent: checks, last lines, last words of the kernel'
complete -c goodboot -n '__goodboot_at " trial evidence" 1' -f -a '(goodboot complete boots 2>/dev/null)'
complete -c goodboot -n '__goodboot_at " rollback"' -l dry-run -d 'say what would be done, and change nothing'
complete -c goodboot -n '__goodboot_at " rollback"' -l apply -d 'reboot at once'
complete -c goodboot -n '__goodboot_at " rollback"' -l force -d 'go to a deployment that never came up on this node, where there is no other'
complete -c goodboot -n '__goodboot_at " rollback"' -l no-deny -d 'let the deployment that is left come again'
complete -c goodboot -n '__goodboot_at " deny"' -a list -d 'what is denied, since when and why'
complete -c goodboot -n '__goodboot_at " deny"' -a add -d 'deny a deployment, or whatever is made from an image, by hand'
complete -c goodboot -n '__goodboot_at " deny"' -a remove -d 'allow a deployment again, with the image that it was denied with'
complete -c goodboot -n '__goodboot_at " deny remove" 1' -f -a '(goodboot complete denied 2>/dev/null)'
complete -c goodboot -n '__goodboot_at " doctor"' -l fix -d 'mend what is safe to mend, and look again'
complete -c goodboot -n '__goodboot_at " doctor"' -l dry-run -d 'say what would be changed, and change nothing'
complete -c goodboot -n '__goodboot_at " drill"' -a show -d 'the drill that is under way, or how the last one went'
complete -c goodboot -n '__goodboot_at " drill"' -l attempts -r -f -d 'boots that the deployment gets; default: trial.attempts'
complete -c goodboot -n '__goodboot_at " drill"' -l window -r -f -d 'begin only within this time of the week, in UTC; default: drill.windows'
complete -c goodboot -n '__goodboot_at " drill"' -l dry-run -d 'say what would be done, or what is against it, and change nothing'
complete -c goodboot -n '__goodboot_at " drill"' -l yes -d 'do not ask'
complete -c goodboot -n '__goodboot_at " install"' -l prefix -r -f -a '/usr /usr/local' -d 'where to: /usr (a part of the image) or /usr/local (beside it)'
complete -c goodboot -n '__goodboot_at " install"' -l from -r -f -a '(__fish_complete_directories)' -d 'the directory with the programs, when they are of another architecture'
complete -c goodboot -n '__goodboot_at " install"' -l no-start -d 'enable the units, and do not start them'
complete -c goodboot -n '__goodboot_at " install"' -l dry-run -d 'say what would be changed, and change nothing'
complete -c goodboot -n '__goodboot_at " uninstall"' -l dry-run -d 'say what would be removed, and remove nothing'
complete -c goodboot -n '__goodboot_at " install-grub"' -l remove -d 'take it out again'
complete -c goodboot -n '__goodboot_at " install-grub"' -l dry-run -d 'say what would be changed, and change nothing'
complete -c goodboot -n '__goodboot_at " provision"' -l format -r -f -a 'butane ignition' -d 'what to print'
complete -c goodboot -n '__goodboot_at " provision"' -l base-url -r -f -d 'the address below which nodes fetch the files of the release'
complete -c goodboot -n '__goodboot_at " provision"' -l release -r -f -a '(__fish_complete_directories)' -d 'the directory with release.json; else it is beside the executable'
complete -c goodboot -n '__goodboot_at " provision"' -l arch -r -f -a 'x86_64 aarch64' -d 'the processor of the nodes, else that of this machine'
complete -c goodboot -n '__goodboot_at " provision"' -l required-unit -r -f -d 'units that a good boot needs'
complete -c goodboot -n '__goodboot_at " provision"' -l required-container -r -f -d 'containers that a good boot needs'
complete -c goodboot -n '__goodboot_at " provision"' -l collector -r -f -d 'where nodes will report to'
complete -c goodboot -n '__goodboot_at " provision"' -l group -r -f -d 'the group of nodes that it belongs to'
complete -c goodboot -n '__goodboot_at " provision"' -l enrolment-token-file -r -F -d 'the file with the secret that a node enrols with'
complete -c goodboot -n '__goodboot_at " provision"' -l config -r -F -d 'drop-ins for /etc/goodboot/config.d'
complete -c goodboot -n '__goodboot_at " provision"' -l no-grub -d 'leave /boot alone: GRUB is not used, or does not count'
complete -c goodboot -n '__goodboot_at " provision"' -l merge-url -r -f -d 'print only what belongs to the node, and merge the config from there'
complete -c goodboot -n '__goodboot_at " provision"' -l merge-file -r -F -d 'the config that is served there: its digest is wanted'
complete -c goodboot -n '__goodboot_at " migrate"' -a greenboot -d 'run the scripts of greenboot as they are, disable its units, and keep the names that others look at'
complete -c goodboot -n '__goodboot_at " migrate greenboot"' -l dry-run -d 'say what was found and what would be changed, and change nothing'
complete -c goodboot -n '__goodboot_at " migrate greenboot"' -l revert -d 'put back what was there before'
complete -c goodboot -n '__goodboot_at " config"' -a check -d 'is the configuration valid: every problem with file, line and cure'
complete -c goodboot -n '__goodboot_at " config"' -a show -d 'the configuration in effect, in its long form, defaults included'
complete -c goodboot -n '__goodboot_at " config"' -a schema -d 'the JSON Schema of a configuration file, for editors'
complete -c goodboot -n '__goodboot_at " config check"' -F
complete -c goodboot -n '__goodboot_at " config show"' -l origins -d 'say where each value was written'
complete -c goodboot -n '__goodboot_at " explain" 1' -f -a '(goodboot complete words 2>/dev/null)'
complete -c goodboot -n '__goodboot_at " help" 1' -f -a 'check verdict status history mark trial rollback deny doctor drill install uninstall install-grub provision migrate config explain'
