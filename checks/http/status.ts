/** A wanted status: one number, or a class such as `2xx`. */
export type WantedStatus = number | string;

/** What a class of statuses looks like. */
export const STATUS_CLASS = /^[1-5]xx$/;

/** Is the status one of those that are wanted? */
export const isWantedStatus = (status: number, wanted: readonly WantedStatus[]): boolean =>
  wanted.some((want) => (typeof want === 'number' ? status === want : `${Math.floor(status / 100)}xx` === want));
