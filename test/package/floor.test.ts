// A published binary may ask for so much of a system and no more: the check that prepack makes, on binaries made to pass and to fail.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const script = new URL('../../scripts/check-floor.mjs', import.meta.url).pathname;
const here = process.arch === 'arm64' ? 'arm64' : 'x64';
const elsewhere = here === 'x64' ? 'arm64' : 'x64';

describe('the floor of a published binary', () => {
  let place: string;

  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'flumen-floor-'));
  });
  afterAll(() => {
    rmSync(place, { recursive: true });
  });

  it('holds for a library that needs only what has always been there', () => {
    expect(check(library('old', 'int one(void) { return 1; }'), here)).toMatchObject({ status: 0 });
  });

  it('is broken by a newer symbol of glibc, which is named', () => {
    const file = library(
      'new',
      '__asm__(".symver newer,memcpy@GLIBC_2.99"); void newer(void); void one(void) { newer(); }',
    );
    const { status, stderr } = check(file, here);
    expect(status).toBe(1);
    expect(stderr).toContain('asks for GLIBC_2.99: the stated floor is GLIBC_2.28');
  });

  it('is broken by any need of the C++ library', () => {
    const { status, stderr } = check(
      library('plus', '#include <iostream>\nvoid f() { std::cout << 1; }', 'g++'),
      here,
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/asks for .*GLIBCXX_/);
  });

  it('is broken by a binary for another processor', () => {
    const { status, stderr } = check(library('other', 'int one(void) { return 1; }'), elsewhere);
    expect(status).toBe(1);
    expect(stderr).toContain(`not for ${elsewhere}`);
  });

  function check(file: string, arch: string) {
    return spawnSync(process.execPath, [script, file, arch], { encoding: 'utf8' });
  }

  /** A shared library of this text. It may name versions of glibc that do not exist: a stub of libc has them. */
  function library(name: string, text: string, compiler = 'gcc'): string {
    const file = join(place, `${name}.so`);
    const options = ['-shared', '-fPIC', '-x', compiler === 'gcc' ? 'c' : 'c++', '-', '-x', 'none'];
    const stub = text.includes('GLIBC_2.99') ? [stubOfLibc()] : [];
    execFileSync(compiler, [...options, ...stub, '-o', file], { input: text });
    return file;
  }

  function stubOfLibc(): string {
    const file = join(place, 'libstub.so');
    const map = join(place, 'stub.map');
    writeFileSync(map, 'GLIBC_2.99 { global: memcpy; local: *; };');
    const options = [
      '-shared',
      '-fPIC',
      '-nostdlib',
      '-fno-builtin',
      '-x',
      'c',
      '-',
      `-Wl,--version-script=${map}`,
    ];
    execFileSync('gcc', [...options, '-o', file], { input: 'void memcpy(void) {}' });
    return file;
  }
});
