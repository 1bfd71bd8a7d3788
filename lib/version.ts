/** The package's version, read from package.json, which lies beside lib/ and dist/ alike. */

import { readFileSync } from 'node:fs';

export const VERSION: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version;

/** What the Server header and the status page say. */
export const SERVER_ID = `flumen/${VERSION}`;
