// prepack.mjs: npm runs it before it packs. A package without the addon, or with one made from other sources, would
// install without a word and fail at the first import: so it is refused here.
import { existsSync } from 'node:fs';
import process from 'node:process';
import { addonInputs } from './support/addon.mjs';
import { at, prebuiltAddon, shown } from './support/project.mjs';
import { main, must, StepFailed } from './support/run.mjs';
import { hashOf, isFresh } from './support/stamp.mjs';

await main(async () => {
  const file = prebuiltAddon();
  const remedy = 'Run: node scripts/prebuilds.mjs';
  if (!existsSync(file)) throw new StepFailed(`prepack: ${shown(file)} is missing. ${remedy}`);
  if (!isFresh('prebuilt', hashOf(addonInputs(), [process.arch]), [file])) {
    throw new StepFailed(
      `prepack: ${shown(file)} was not made from the sources that are here now. ${remedy}`,
    );
  }
  await must('build', process.execPath, [at('scripts/build.mjs'), '--if-stale']);
});
