import { describe, expect, it } from 'vitest';
import { parsePlace } from '../../lib/relay/place.js';

describe('places', () => {
  it.each([
    ['-', { kind: 'fd', fd: 0 }],
    ['fd:3', { kind: 'fd', fd: 3 }],
    ['file:/tmp/a b', { kind: 'file', path: '/tmp/a b' }],
    ['file:-', { kind: 'file', path: '-' }],
    ['tcp://localhost:5000', { kind: 'connect', address: { host: 'localhost', port: 5000 } }],
    ['tcp-listen://[::1]:0', { kind: 'listen', address: { host: '::1', port: 0 } }],
    ['unix:/run/x', { kind: 'connect', address: { path: '/run/x' } }],
    ['unix-listen:x y', { kind: 'listen', address: { path: 'x y' } }],
  ])('%s', (text, place) => {
    expect(parsePlace(text, 'IN')).toEqual({ text, ...place });
  });

  it('- is stdout on the other side', () => {
    expect(parsePlace('-', 'OUT')).toMatchObject({ fd: 1 });
  });

  it('an http URL is shown without its password', () => {
    const place = parsePlace('http://source:s%40me@host:8000/live.mp3?x=1', 'OUT');
    expect(place.text).toBe('http://source@host:8000/live.mp3?x=1');
    expect(place).toMatchObject({ kind: 'http', url: { password: 's%40me', port: '8000' } });
  });

  it.each([
    ['', /It must be -, fd:N/],
    ['stream.mp3', /It must be -, fd:N/],
    ['fd:', /fd:N with the number/],
    ['fd:-1', /fd:N with the number/],
    ['fd:4294967296', /fd:N with the number/],
    ['file:', /file:PATH/],
    ['tcp:localhost:80', /\/\/HOST:PORT behind the colon/],
    ['tcp://localhost', /\/\/HOST:PORT/],
    ['tcp://localhost:70000', /\/\/HOST:PORT/],
    ['tcp://localhost:0', /port must be from 1 to 65535, not 0/],
    ['tcp://::1:80', /\[::1\]/],
    ['unix:', /path must be the path of a unix socket/],
    [`unix-listen:${'x'.repeat(200)}`, /path is 200 bytes long/],
    ['http:host/path', /http:\/\/HOST/],
    ['http://%zz@host/', /percent-encoded|http:\/\/HOST/],
    ['https://host/', /TLS is not spoken here/],
  ])('%j is refused', (text, message) => {
    expect(() => parsePlace(text, 'IN')).toThrow(message);
  });
});
