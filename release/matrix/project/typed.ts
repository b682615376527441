// Uses the types of the package. The matrix compiles this file with each value of `module`, as CommonJS and as an ES
// module, and runs it.

import * as library from 'linux-mount';
import { MountError, type MountTable, type OverlaySpec, overlayData, readMountTableSync } from 'linux-mount';
import * as layers from 'linux-mount/layers';
import { exercise } from './exercise.cjs';

const spec: OverlaySpec = { lower: ['/a', Buffer.from('/b')] };
const table: MountTable = readMountTableSync();
const change: layers.ChangesSpec = { lower: ['/a'], upper: '/b' };
if (overlayData(spec) !== 'lowerdir=/a:/b' || table.at('/') === undefined || change.upper !== '/b')
  throw new Error('wrong');
// @ts-expect-error a mistyped option does not compile
void library.mountTmpfs('/', { sizee: 1 }).catch((error: unknown) => error instanceof MountError);

void exercise(library, layers).then((said: string) => console.log(said));
