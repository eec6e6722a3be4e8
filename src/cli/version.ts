declare const GOODBOOT_VERSION: string;
declare const GOODBOOT_COMMIT: string;

const built = typeof GOODBOOT_VERSION === 'string';

/** Version, commit and runtime; the first two are put in by the build. */
export const VERSION = built
  ? `goodboot ${GOODBOOT_VERSION} (${GOODBOOT_COMMIT}, node ${process.versions.node})`
  : `goodboot from source (node ${process.versions.node})`;
