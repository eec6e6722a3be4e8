import DBusBuffer from 'dbus-next/lib/dbus-buffer.js';

/**
 * The body of PropertiesChanged. systemd sends it to every client on its own socket, for each change of each unit, with
 * some hundred properties: most of what a verdict would read. Nobody here listens to it.
 */
const PROPERTIES_CHANGED = 'sa{sv}as';
const NOTHING = ['', [], []];
const LITTLE_ENDIAN = 'l'.charCodeAt(0);

const { read, readSimpleType } = DBusBuffer.prototype;

DBusBuffer.prototype.read = function (signature) {
  return signature === PROPERTIES_CHANGED ? NOTHING : read.call(this, signature);
};

/** dbus-next makes a text of each 64-bit integer, and a bigint of the text. */
DBusBuffer.prototype.readSimpleType = function (type) {
  if (type !== 't' && type !== 'x') return readSimpleType.call(this, type);
  this.align(3);
  const at = this.pos;
  this.pos += 8;
  if (this.endian === LITTLE_ENDIAN) {
    return type === 't' ? this.buffer.readBigUInt64LE(at) : this.buffer.readBigInt64LE(at);
  }
  return type === 't' ? this.buffer.readBigUInt64BE(at) : this.buffer.readBigInt64BE(at);
};
