throw new Error('usocket is not built: dbus-next falls back to node:net');
