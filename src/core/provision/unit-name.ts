/** systemd.unit(5). */
const LONGEST = 255;
const TYPES = 'service|socket|target|device|mount|automount|swap|timer|path|slice|scope';
/** An instance has something on both sides of the @; a template, with nothing behind it, cannot be active. */
const NAME = new RegExp(String.raw`^[A-Za-z0-9:_.\\-]+(?:@[A-Za-z0-9:_.\\@-]+)?\.(?:${TYPES})$`);

/** Whether systemd takes this as the name of a unit that can be active. */
export const isUnitName = (name: string): boolean => name.length <= LONGEST && NAME.test(name);
