// prepack.mjs: npm runs it before it packs. A package without the addon, with one made from other sources, or with one that asks
// for a newer system than is promised, would install without a word and fail at the first import: so it is refused here.
import { existsSync } from 'node:fs';
import process from 'node:process';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { addonInputs } from './support/addon.mjs';
import { checkFloor } from './support/floor.mjs';
import { at, prebuilt, root, shown, targets } from './support/project.mjs';
import { main, must, StepFailed } from './support/run.mjs';
import { hashOf, isFresh } from './support/stamp.mjs';

const remedy = 'Run: npm run prebuilds';

await main(async () => {
  for (const arch of targets) await check(prebuilt(arch), arch);
  await must('build', process.execPath, [at('scripts/build.mjs'), '--if-stale', '--typescript']);
  await lintPackage();
});

async function check(file, arch) {
  if (!existsSync(file)) throw new StepFailed(`prepack: ${shown(file)} is missing. ${remedy}`);
  if (!isFresh(`prebuilt-${arch}`, hashOf(addonInputs(), [arch]), [file])) {
    throw new StepFailed(
      `prepack: ${shown(file)} was not made from the sources that are here now. ${remedy}`,
    );
  }
  await checkFloor(file, arch);
}

// What package.json promises, against the files that are there now.
async function lintPackage() {
  const { messages, pkg } = await publint({ pkgDir: root, pack: 'npm', strict: true });
  if (messages.length === 0) return;
  throw new StepFailed(`prepack: publint:\n${messages.map((one) => formatMessage(one, pkg)).join('\n')}`);
}
