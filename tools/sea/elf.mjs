// What the dynamic linker will read of the executable.
import { ARCHITECTURES, BuildError, tool } from './runtime.mjs';

/** The executable looks beside itself first, also when it is started through a link from another directory. */
export const RPATH = '$ORIGIN';

const LIBRARIES = ['libatomic.so.1', 'libc.so.6', 'libdl.so.2', 'libgcc_s.so.1', 'libm.so.6', 'libpthread.so.0'];
const NAMES = { x86_64: 'Advanced Micro Devices X86-64', aarch64: 'AArch64' };

/** Fails the build where a node would not start what was built: another machine, another library, another path. */
export function verify(file, arch) {
  const dynamic = tool(`${arch}-linux-gnu-readelf`, ['--wide', '--file-header', '--dynamic', file]);
  const all = (pattern) => [...dynamic.matchAll(pattern)].map(([, found]) => found);
  expect(file, 'is for', all(/^ *Machine: +(.+)$/gm), [NAMES[arch]]);
  expect(file, 'looks for libraries in', all(/\((?:RUNPATH|RPATH)\).*\[(.*)\]$/gm), [RPATH]);
  const wanted = [...LIBRARIES, 'libstdc++.so.6', ARCHITECTURES[arch].loader];
  expect(file, 'needs', all(/\(NEEDED\).*\[(.*)\]$/gm).toSorted(), wanted.toSorted());
}

/** The library that lies beside it must bring no other. */
export function verifyLibatomic(file, arch) {
  const dynamic = tool(`${arch}-linux-gnu-readelf`, ['--wide', '--file-header', '--dynamic', file]);
  const all = (pattern) => [...dynamic.matchAll(pattern)].map(([, found]) => found);
  expect(file, 'is for', all(/^ *Machine: +(.+)$/gm), [NAMES[arch]]);
  const others = all(/\(NEEDED\).*\[(.*)\]$/gm).filter(
    (name) => ![...LIBRARIES, ARCHITECTURES[arch].loader].includes(name),
  );
  expect(file, 'needs, beside what the runtime needs,', others, []);
}

function expect(file, what, found, wanted) {
  const [is, should] = [found, wanted].map((list) => list.join(' ') || 'nothing');
  if (is !== should) throw new BuildError(`${file} ${what} ${is}, and not ${should}`);
}
