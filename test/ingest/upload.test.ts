import { describe, expect, it } from 'vitest';
import { parseBasic, sameSecret } from '../../lib/http/credentials.js';
import { parseHead, RequestError } from '../../lib/http/head.js';
import { planUpload, streamInfo } from '../../lib/ingest/upload.js';

const parse = (first: string, ...lines: string[]) =>
  parseHead(Buffer.from([first, ...lines, '', ''].join('\r\n'), 'latin1'));
const put = (...lines: string[]) => planUpload(parse('PUT /a HTTP/1.1', ...lines));

describe('planUpload', () => {
  it('gives ffmpeg 100 Continue and nothing else', () => {
    expect(put('Expect: 100-continue')).toEqual({
      framing: 'raw',
      length: undefined,
      goAhead: 'HTTP/1.1 100 Continue\r\n\r\n',
      epilogue: undefined,
    });
  });

  it('gives curl 100 Continue now and 200 at the end', () => {
    const plan = put('Expect: 100-Continue', 'Transfer-Encoding: Chunked');
    expect(plan).toMatchObject({ framing: 'chunked', goAhead: 'HTTP/1.1 100 Continue\r\n\r\n' });
    expect(plan.epilogue).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Length: 0\r\n/);
  });

  it('gives whoever does not ask a 200 at once, and no second one', () => {
    const early = { goAhead: 'HTTP/1.1 200 OK\r\n\r\n', epilogue: undefined };
    expect(put()).toMatchObject(early);
    expect(put('Transfer-Encoding: chunked')).toMatchObject(early);
    expect(put('Content-Length: 5')).toMatchObject({ ...early, length: 5 });
  });

  it('answers HTTP/1.0 and ICE/1.0 in HTTP/1.0, Expect or not', () => {
    for (const line of ['SOURCE /a HTTP/1.0', 'SOURCE /a ICE/1.0']) {
      expect(planUpload(parse(line)).goAhead).toBe('HTTP/1.0 200 OK\r\n\r\n');
    }
    expect(planUpload(parse('PUT /a HTTP/1.0', 'Expect: 100-continue')).goAhead).toBe(
      'HTTP/1.0 200 OK\r\n\r\n',
    );
  });

  it.each([
    [['Content-Length: 5', 'Transfer-Encoding: chunked'], 400, /together/],
    [['Content-Length: -1'], 400, /-1/],
    [['Content-Length: +1'], 400, /\+1/],
    [['Content-Length: 0x10'], 400, /0x10/],
    [['Content-Length: 1e3'], 400, /1e3/],
    [['Content-Length:'], 400, /not a number/],
    [['Content-Length: 99999999999999999999'], 400, /99999999999999999999/],
    [['Content-Length: 5', 'Content-Length: 5'], 400, /5, 5/],
    [['Transfer-Encoding: gzip, chunked'], 501, /gzip/],
    [['Transfer-Encoding: identity'], 501, /identity/],
    [['Expect: wonders'], 417, /wonders/],
  ])('refuses %j', (lines, status, text) => {
    const step = () => put(...lines);
    expect(step).toThrow(RequestError);
    expect(step).toThrow(text);
    expect(step).toThrow(expect.objectContaining({ status }));
  });

  it('refuses chunks in HTTP/1.0', () => {
    const step = () => planUpload(parse('PUT /a HTTP/1.0', 'Transfer-Encoding: chunked'));
    expect(step).toThrow(expect.objectContaining({ status: 400 }));
  });
});

describe('streamInfo', () => {
  const info = (path: string, ...lines: string[]) =>
    streamInfo(parse('PUT /a HTTP/1.1', ...lines).headers, path);

  it('reads ice-* as libshout sends them', () => {
    const found = info(
      '/live.mp3',
      'Content-Type: audio/mpeg',
      'ice-public: 1',
      'ice-name: Caf\xc3\xa9',
      'ice-genre: various',
      'ice-url: http://x/',
      'ice-description: D',
      'ice-audio-info: bitrate=128;samplerate=44100;channels=2;quality=3%2e0',
    );
    expect(found).toEqual({
      contentType: 'audio/mpeg',
      name: 'Café',
      genre: 'various',
      url: 'http://x/',
      description: 'D',
      public: true,
      bitrate: 128,
      audioInfo: 'bitrate=128;samplerate=44100;channels=2;quality=3%2e0',
      audio: { bitrate: 128, samplerate: 44100, channels: 2, quality: 3 },
    });
  });

  it("reads butt's prefixed keys, and Latin-1 where it is no UTF-8", () => {
    expect(
      info('/a', 'ice-audio-info: ice-bitrate=96;ice-channels=1', 'ice-name: Caf\xe9', 'ice-public: 0'),
    ).toMatchObject({
      name: 'Café',
      public: false,
      bitrate: 96,
      audio: { bitrate: 96, channels: 1 },
    });
  });

  it('guesses a type that was not sent from the suffix', () => {
    expect(info('/live.MP3').contentType).toBe('audio/mpeg');
    expect(info('/a.webm').contentType).toBe('video/webm');
    expect(info('/live').contentType).toBe('application/octet-stream');
    expect(info('/live.mp3', 'Content-Type: video/mp2t').contentType).toBe('video/mp2t');
  });
});

describe('Basic credentials', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

  it('splits at the first colon', () => {
    expect(parseBasic(basic('source:a:b'))).toEqual({ user: 'source', password: 'a:b' });
    expect(parseBasic(basic('source:'))).toEqual({ user: 'source', password: '' });
    expect(parseBasic(basic('source:pä').replace('Basic', 'bAsIc'))).toEqual({
      user: 'source',
      password: 'pä',
    });
  });

  it.each([undefined, '', 'Basic', 'Basic ', 'Basic %%%', 'Bearer abc', basic('nocolon')])(
    '%s is none',
    (header) => {
      expect(parseBasic(header)).toBeUndefined();
    },
  );

  it('compares whole secrets', () => {
    expect(sameSecret('hackme', 'hackme')).toBe(true);
    for (const other of ['hackm', 'hackme1', 'Hackme', '']) expect(sameSecret('hackme', other)).toBe(false);
  });
});
