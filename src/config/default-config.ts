// Made by npm run gen from dist/config.yaml. Edit that.

/** The vendor configuration, for a machine that has none. */
export const DEFAULT_CONFIG = `# yaml-language-server: $schema=/usr/share/goodboot/schema/config-v1.schema.json
#
# What goodboot checks on every boot unless you say otherwise. This file belongs to the operating system image.
# Your own go into /etc/goodboot/config.yaml, or one subject each into /etc/goodboot/config.d/NAME.yaml:
#
#   apiVersion: goodboot/v1
#   required:
#     units: [sshd.service, app.service]
#     containers: [web]
#
# A required check that fails costs the boot: a new deployment on trial goes back to the one before. A wanted check
# that fails is reported, and costs nothing. \`goodboot config show --origins\` shows what is in effect, and why.
apiVersion: goodboot/v1

checks:
  # Every unit that declares itself with WantedBy=goodboot-required.target must be up, and those under required.units.
  units:
    type: units
    required: true

  # A unit that failed is worth knowing of, but much of what fails at boot can wait.
  failed-units:
    type: units
    noFailedUnits: true
    target: false
    within: 30s
    stable: 0s

  # Without its disk a node is lost: / must be there, /var must take a written block and have room to write down why.
  filesystem:
    type: filesystem
    required: true
    mounts:
      /: {}
    paths:
      /var: { writable: probe, free: 64MiB }

  # Not required: the uplink of a site may be down, and no other deployment brings it back. Where each node must
  # have a network, write \`required: { network: true }\`.
  network:
    type: network
    defaultRoute: true
    gateway: true
    within: 30s

  # A clock before the day goodboot was built makes every certificate look invalid.
  time:
    type: time

  # An oops, a crash record, a reset by the watchdog: seldom the fault of one boot, always worth knowing.
  kernel:
    type: kernel
`;
