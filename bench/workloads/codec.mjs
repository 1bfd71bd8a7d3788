// What has no receivers: the GDP codec beside gdppay and gdpdepay, and the cutting of containers. Their own benches print the tables.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const scripts = ['gdp', 'containers'];

export async function codec(_o, say) {
  const texts = scripts.map((name) => {
    say(`npm run bench:${name}`);
    const file = fileURLToPath(new URL(`../${name}.mjs`, import.meta.url));
    const { stdout, stderr, status } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`bench:${name} failed:\n${stderr}`);
    return { name, text: stdout };
  });
  return { sessions: [], texts };
}
