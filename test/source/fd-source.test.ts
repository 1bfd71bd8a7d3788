import { once } from 'node:events';
import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FdSource, MultiFdSink, type SourceError } from '../../lib/index.js';
import { fifo, type Pair, reader, scratchFile, tcpPair } from '../sink/support.js';

describe('FdSource', () => {
  let sink: MultiFdSink;
  let source: FdSource;
  let listener: Pair;
  let encoder: Pair;
  let got: ReturnType<typeof reader>;

  beforeEach(async () => {
    sink = new MultiFdSink();
    source = new FdSource(sink);
    [listener, encoder] = await Promise.all([tcpPair(), tcpPair()]);
    sink.add(listener.near);
    got = reader(listener.far);
  });

  afterEach(async () => {
    listener.far.destroy();
    encoder.far.destroy();
    await source.close();
    await sink.close();
  });

  it('carries a socket to the clients, what Node had read first', async () => {
    encoder.far.write('buffered by node|');
    encoder.near.resume();
    await once(encoder.near, 'readable').then(() => encoder.near.pause());
    source.attach(encoder.near, { prelude: Buffer.from('prelude|') });
    expect(source.attached).toBe(true);
    encoder.far.write('native');
    expect(await got.until(31)).toBe('prelude|buffered by node|native');
    expect(source.bytesRead).toBe(31);
    encoder.far.end();
    await once(source, 'end');
    expect(source.attached).toBe(false);
  });

  it('takes the framing off a chunked body, answers its end with the epilogue, and takes the next descriptor', async () => {
    source.attach(encoder.near, { framing: 'chunked', epilogue: Buffer.from('HTTP/1.1 200 OK\r\n\r\n') });
    encoder.far.write('5\r\nhel');
    encoder.far.write('lo\r\n6;ext=1\r\n world\r\n0\r\nTrailer: x\r\n\r\n');
    await once(source, 'end');
    expect(await got.until(11)).toBe('hello world');
    expect((await reader(encoder.far).all()).text).toBe('HTTP/1.1 200 OK\r\n\r\n');
    const pipe = fifo();
    source.attach(pipe.read);
    fs.writeSync(pipe.write, '!');
    expect(await got.until(12)).toBe('hello world!');
    pipe.close();
    await once(source, 'end');
  });

  it('ends after length bytes', async () => {
    source.attach(encoder.near, { length: 4 });
    encoder.far.write('1234567');
    await once(source, 'end');
    sink.push('|');
    expect(await got.until(5)).toBe('1234|');
  });

  it('an empty body ends at once', async () => {
    source.attach(encoder.near, { length: 0 });
    await once(source, 'end');
  });

  const broken: [body: string, message: RegExp, offset: number][] = [
    ['-5\r\n', /chunk size is not a hexadecimal number \(at byte 0 of the body\)/, 0],
    ['fffffffff\r\n', /chunk size is over 1 GiB/, 7],
    ['3\r\nabcd', /chunk is longer than its size/, 6],
    [`5;${'x'.repeat(5000)}`, /over 4 KiB/, 4096],
    ['\r\n', /not a hexadecimal number/, 0],
  ];
  it.each(broken)('broken chunks %j are an error that says where', async (body, message, offset) => {
    source.attach(encoder.near, { framing: 'chunked' });
    encoder.far.write(body);
    const [error] = (await once(source, 'end').catch((caught) => [caught])) as [SourceError];
    expect(error.message).toMatch(message);
    expect(error).toMatchObject({ code: 'EPROTO', offset });
    sink.push('still here');
    expect(await got.until(10)).toMatch(/still here$/);
  });

  it('a framed body that ends too early is an error, a raw one is not', async () => {
    source.attach(encoder.near, { length: 10 });
    encoder.far.end('123');
    const [error] = (await once(source, 'end').catch((caught) => [caught])) as [SourceError];
    expect(error).toMatchObject({ code: 'EPROTO', syscall: 'body ends before its announced end', offset: 3 });
  });

  it('a reset is an error with its errno', async () => {
    source.attach(encoder.near);
    encoder.far.resetAndDestroy();
    const [error] = (await once(source, 'end').catch((caught) => [caught])) as [SourceError];
    expect(error).toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
  });

  it('silence is a timeout, and reading goes on', async () => {
    const patient = new FdSource(new MultiFdSink(), { timeout: 30 });
    patient.attach(encoder.near);
    await once(patient, 'timeout');
    encoder.far.write('x');
    await once(patient, 'timeout');
    expect(patient.bytesRead).toBe(1);
    await patient.close();
  });

  it('a new descriptor replaces the running one without an event', async () => {
    const second = await tcpPair();
    const ends: string[] = [];
    source.on('end', () => ends.push('end'));
    source.attach(encoder.near);
    encoder.far.write('one|');
    await got.until(4);
    source.attach(second.near);
    expect((await reader(encoder.far).all()).text).toBe('');
    second.far.end('two');
    expect(await got.until(7)).toBe('one|two');
    await once(source, 'end');
    expect(ends).toEqual(['end']);
  });

  it('reads a file to its end', async () => {
    const file = scratchFile();
    const text = 'z'.repeat(300_000);
    fs.writeFileSync(file.name, text);
    const fd = fs.openSync(file.name, 'r');
    source.attach(fd);
    fs.closeSync(fd);
    await once(source, 'end');
    expect((await got.until(text.length)).length).toBe(text.length);
    expect(() => source.attach(encoder.near)).toThrow(/EINVAL in attach \(a file cannot follow/);
    file.remove();
  });

  it('one writer at a time', async () => {
    source.attach(encoder.near);
    const second = new FdSource(sink);
    const pipe = fifo();
    expect(() => second.attach(pipe.read)).toThrow(/another source writes to this sink/);
    expect(() => sink.push('x')).toThrow(/a native source writes to this sink/);
    await source.close();
    second.attach(pipe.read);
    await second.close();
    pipe.close();
  });

  it('refuses bad descriptors and bad options by name', () => {
    const pipe = fifo();
    expect(() => source.attach(99_999)).toThrow(/attach: fd 99999: EBADF/);
    expect(() => source.attach(pipe.write)).toThrow(/EBADF in read/);
    expect(() => source.attach(pipe.read, { length: -1 })).toThrow(/length must be from 0/);
    expect(() => source.attach(pipe.read, { framing: 'gzip' as never })).toThrow(/framing must be/);
    expect(() => source.attach(pipe.read, { framing: 'chunked', length: 3 })).toThrow(/exclude each other/);
    expect(() => new FdSource(sink, { timeout: -1 })).toThrow(/timeout must be from 0/);
    expect(sink.push('the sink is free')).toBe(true);
    pipe.close();
  });
});
