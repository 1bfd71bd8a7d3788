// check-floor.mjs [FILE ARCH]: whether a binary, or all those that a package would carry, loads on the oldest system that is promised.
import process from 'node:process';
import { checkFloor, versions } from './support/floor.mjs';
import { prebuilt, shown, targets } from './support/project.mjs';
import { main } from './support/run.mjs';

const [file, ofArch] = process.argv.slice(2);
const binaries = file ? [[file, ofArch]] : targets.map((arch) => [prebuilt(arch), arch]);

await main(async () => {
  for (const [path, arch] of binaries) {
    const needs = await checkFloor(path, arch);
    console.log(`${shown(path)}: ${arch}, needs ${versions(needs) || 'nothing'}`);
  }
});
