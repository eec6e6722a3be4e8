declare const GOODBOOT_VERSION: string;
declare const GOODBOOT_COMMIT: string;
/** ISO 8601. */
declare const GOODBOOT_BUILD_TIME: string;

const built = typeof GOODBOOT_VERSION === 'string';

/** The version alone: `0.1.0`. */
export const VERSION_NUMBER = built ? GOODBOOT_VERSION : 'source';

/** Version, commit and runtime; the first two are put in by the build. */
export const VERSION = built
  ? `goodboot ${GOODBOOT_VERSION} (${GOODBOOT_COMMIT}, node ${process.versions.node})`
  : `goodboot from source (node ${process.versions.node})`;

/** When this was built, milliseconds since 1970: no clock that is right says less. */
export const BUILT_MS = Date.parse(
  typeof GOODBOOT_BUILD_TIME === 'string' ? GOODBOOT_BUILD_TIME : '2026-01-01T00:00:00Z',
);
