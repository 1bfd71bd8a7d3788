// setup.mjs build|lint|test|bench|prebuilds|arm64|coverage: sees to it that the programs this purpose needs are installed.
// Does nothing when they are. Installs the Debian packages when it may (root on Debian); otherwise says what to type.
import { existsSync } from 'node:fs';
import process from 'node:process';
import { missingPackages, purposes } from './support/packages.mjs';
import { at, inCi, mayUsePrebuilt } from './support/project.mjs';
import { main, must, StepFailed } from './support/run.mjs';

const purpose = process.argv[2];

await main(async () => {
  if (!purposes.includes(purpose))
    throw new StepFailed(`usage: node scripts/setup.mjs ${purposes.join('|')}`);
  if (!existsSync(at('node_modules/typescript'))) {
    throw new StepFailed(
      'node_modules is missing or incomplete: run npm ci (development dependencies included)',
    );
  }
  let missing = missingPackages(purpose);
  if (missing.length > 0 && canInstall()) {
    await install(missing);
    missing = missingPackages(purpose);
  }
  if (missing.length > 0) report(missing);
});

function canInstall() {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
}

async function install(packages) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  console.log(`setup: installing ${packages.join(' ')} (apt-get)`);
  await must('apt-get update', 'apt-get', ['update', '-q'], { env });
  await must('apt-get install', 'apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages], {
    env,
  });
}

function report(missing) {
  const text = `setup: for "${purpose}" these Debian packages are missing: ${missing.join(' ')}
Type:  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (inCi) throw new StepFailed(`${text}\nWith CI=true a missing part is a failure.`);
  if (purpose === 'build' && mayUsePrebuilt()) return;
  // These do what they can; the others can do nothing without.
  if (!['lint', 'test', 'bench'].includes(purpose)) throw new StepFailed(text);
  console.warn(`${text}\nUntil then the steps that need them are left out.`);
}
