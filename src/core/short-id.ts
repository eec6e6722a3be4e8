/** Twelve digits, as people write the id of a deployment. */
export const shortId = (id: string): string => id.slice(0, 12);
