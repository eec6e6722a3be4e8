/** Checks that need no time to pass, and a soak that is one round of them: 5 minutes are long under emulation. */
export const QUICK = `apiVersion: goodboot/v1
trial: { attempts: 1, soak: 5s }
checks:
  network: false
  failed-units: false
  kernel: false
  time: false
  units: { within: 5s, stable: 1s }
  filesystem: { within: 0s }
required: { units: [dbus.service] }
`;
