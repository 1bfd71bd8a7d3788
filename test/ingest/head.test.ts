import { describe, expect, it } from 'vitest';
import { HeadScanner, MAX_HEAD_BYTES, parseHead, RequestError } from '../../lib/http/head.js';
import { parseTarget } from '../../lib/http/target.js';

/** The status a step is refused with; undefined when it is not refused. */
function statusOf(step: () => unknown): number | undefined {
  try {
    step();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(RequestError);
    return (error as RequestError).status;
  }
}

const head = (text: string) => parseHead(Buffer.from(text, 'latin1'));

describe('HeadScanner', () => {
  const request = 'PUT /live.mp3 HTTP/1.1\r\nHost: x\r\nIce-Name: N\r\n\r\n';

  it('finds the end wherever the pieces are cut', () => {
    const bytes = Buffer.from(`${request}BODY`);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const scanner = new HeadScanner();
      const first = scanner.scan(bytes.subarray(0, cut));
      const end = first >= 0 ? first : cut + scanner.scan(bytes.subarray(cut));
      expect(end, `cut at ${cut}`).toBe(request.length);
    }
  });

  it('takes one byte at a time', () => {
    const scanner = new HeadScanner();
    const ends = [...Buffer.from(request)].map((byte) => scanner.scan(Uint8Array.of(byte)));
    expect(ends.slice(0, -1).every((end) => end === -1)).toBe(true);
    expect(ends.at(-1)).toBe(1);
  });

  it.each([
    ['bare line feeds', 'GET / HTTP/1.0\nHost: x\n\n'],
    ['an empty line first', '\r\n\r\nGET / HTTP/1.0\r\n\r\n'],
    ['no headers at all', 'GET / HTTP/1.0\r\n\r\n'],
  ])('takes %s', (_, text) => {
    expect(new HeadScanner().scan(Buffer.from(text))).toBe(text.length);
    expect(parseHead(Buffer.from(text)).method).toBe('GET');
  });

  it.each([
    ['a TLS hello', '\x16\x03\x01', 400],
    ['a byte that no method has', 'GE(T / HTTP/1.0', 400],
    ['a password line', 'hackme\r\n', 400],
    ['a password line with a bare line feed', 'hackme\n', 400],
    ['a carriage return in the method', '\rG', 400],
    ['a space first', ' GET', 400],
    ['a method that does not end', 'A'.repeat(21), 400],
    ['a request line without end', `GET /${'a'.repeat(9000)}`, 414],
    ['a header line without end', `GET / HTTP/1.1\r\nX: ${'a'.repeat(9000)}`, 431],
    ['too many lines', `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(MAX_HEAD_BYTES / 6)}`, 431],
    ['too many empty lines', '\r\n'.repeat(MAX_HEAD_BYTES), 431],
  ])('refuses %s before the head is complete', (_, text, status) => {
    expect(statusOf(() => new HeadScanner().scan(Buffer.from(text, 'latin1')))).toBe(status);
  });
});

describe('parseHead', () => {
  it('reads what ffmpeg sends', () => {
    const parsed = head(
      'PUT /live.mp3 HTTP/1.1\r\nUser-Agent: Lavf/59.27.100\r\nExpect: 100-continue\r\nIcy-MetaData: 1\r\nICE-NAME:N \r\n\r\n',
    );
    expect(parsed).toMatchObject({ method: 'PUT', target: '/live.mp3', protocol: 'HTTP', minor: 1 });
    expect({ ...parsed.headers }).toEqual({
      'user-agent': 'Lavf/59.27.100',
      expect: '100-continue',
      'icy-metadata': '1',
      'ice-name': 'N',
    });
  });

  it('reads ICE/1.0 and joins repeated headers', () => {
    const parsed = head('SOURCE /a ICE/1.0\r\nX: 1\r\nx: 2\r\nX:\t3\t\r\n\r\n');
    expect(parsed).toMatchObject({ method: 'SOURCE', protocol: 'ICE', minor: 0 });
    expect(parsed.headers.x).toBe('1, 2, 3');
  });

  it('keeps bytes of values as they came, a final A0 included', () => {
    expect(head('PUT / HTTP/1.1\r\nIce-Name: voil\xc3\xa0\r\n\r\n').headers['ice-name']).toBe('voil\xc3\xa0');
  });

  it('takes header names that objects have of their own', () => {
    const { headers } = head('GET / HTTP/1.1\r\n__proto__: a\r\nconstructor: b\r\n\r\n');
    expect(Object.entries(headers)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
    expect(head('GET / HTTP/1.1\r\n\r\n').headers.constructor).toBeUndefined();
  });

  it.each([
    ['two words', 'GET /\r\n\r\n', 400],
    ['four words', 'GET /a b HTTP/1.1\r\n\r\n', 400],
    ['two spaces', 'GET  / HTTP/1.1\r\n\r\n', 400],
    ['another protocol', 'GET / RTSP/1.0\r\n\r\n', 400],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\n', 505],
    ['HTTP/0.9', 'GET / HTTP/0.9\r\n\r\n', 505],
    ['ICE/1.1', 'SOURCE / ICE/1.1\r\n\r\n', 505],
    ['a folded header', 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n', 400],
    ['a header without colon', 'GET / HTTP/1.1\r\nnonsense\r\n\r\n', 400],
    ['a header without name', 'GET / HTTP/1.1\r\n: x\r\n\r\n', 400],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n', 400],
    ['NUL in a value', 'GET / HTTP/1.1\r\nA: \0\r\n\r\n', 400],
    ['a bare carriage return in a value', 'GET / HTTP/1.1\r\nA: b\rc\r\n\r\n', 400],
  ])('refuses %s', (_, text, status) => {
    expect(statusOf(() => head(text))).toBe(status);
  });
});

it('says that a folded header is one', () => {
  expect(() => head('GET / HTTP/1.1\r\nA: b\r\n\tc: d\r\n\r\n')).toThrow(
    /Line 3 .* folded headers are refused/,
  );
});

describe('parseTarget', () => {
  it.each([
    ['/live.mp3', '/live.mp3', ''],
    ['/live.mp3?tok=1&x', '/live.mp3', 'tok=1&x'],
    ['/a%20b%c3%a9', '/a bé', ''],
    ['/a..b/...', '/a..b/...', ''],
    ['http://host:8000/live.mp3?x', '/live.mp3', 'x'],
    ['http://host', '/', ''],
  ])('%s', (target, path, query) => {
    expect(parseTarget(target)).toEqual({ path, query });
  });

  it.each([
    ['live.mp3', 400],
    ['*', 400],
    ['host:443', 400],
    ['/%', 400],
    ['/%zz', 400],
    ['/%e9', 400],
    ['/a%00b', 400],
    ['/a%0d%0ab', 400],
    ['/../etc/passwd', 400],
    ['/a/%2e%2e/b', 400],
    ['/a%2f..%2fb', 400],
    [`/${'a'.repeat(1024)}`, 414],
  ])('refuses %s', (target, status) => {
    expect(statusOf(() => parseTarget(target))).toBe(status);
  });
});
