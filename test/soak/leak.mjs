// Preloaded into the soak's server: a leak of descriptors and memory, so that the soak can be seen to fail.
import { openSync } from 'node:fs';

const kept = [];
setInterval(() => {
  kept.push(Buffer.alloc(65_536, 1));
  try {
    openSync('/dev/null');
  } catch {
    // EMFILE is part of the soak.
  }
}, 20).unref();
