import { describe, expect, it } from 'vitest';
import { statusJson } from '../../lib/http/status.js';

const started = Date.UTC(2026, 10, 22, 16, 26, 9);
const mount = (path: string, more = {}) => ({
  path,
  contentType: 'audio/mpeg',
  listeners: 3,
  listenerPeak: 5,
  startedAt: started,
  ...more,
});
const icestats = (...args: Parameters<typeof statusJson>) => JSON.parse(statusJson(...args)).icestats;

describe('status-json.xsl', () => {
  it('has no source key without mounts', () => {
    const stats = icestats([], started, 'radio.example:8000');
    expect(Object.keys(stats)).toEqual([
      'admin',
      'host',
      'location',
      'server_id',
      'server_start',
      'server_start_iso8601',
      'dummy',
    ]);
    expect(stats).toMatchObject({
      host: 'radio.example',
      server_start: 'Sun, 22 Nov 2026 16:26:09 +0000',
      server_start_iso8601: '2026-11-22T16:26:09+0000',
      dummy: null,
    });
    expect(stats.server_id).toMatch(/^flumen\/\d/);
  });

  it('has an object for one mount, with defaults for what the source did not say', () => {
    expect(icestats([mount('/live.mp3')], started, 'h:1').source).toEqual({
      genre: 'various',
      listener_peak: 5,
      listeners: 3,
      listenurl: 'http://h:1/live.mp3',
      server_description: 'Unspecified description',
      server_name: 'Unspecified name',
      server_type: 'audio/mpeg',
      stream_start: 'Sun, 22 Nov 2026 16:26:09 +0000',
      stream_start_iso8601: '2026-11-22T16:26:09+0000',
      dummy: null,
    });
  });

  it('has an array for several, and ?mount= picks one', () => {
    const mounts = [mount('/a'), mount('/b ü')];
    expect(icestats(mounts, started, 'h').source.map((s: { listenurl: string }) => s.listenurl)).toEqual([
      'http://h/a',
      'http://h/b%20%C3%BC',
    ]);
    expect(icestats(mounts, started, 'h', '/a').source).toMatchObject({ listenurl: 'http://h/a' });
    expect(icestats(mounts, started, 'h', '/c')).not.toHaveProperty('source');
  });

  it('says what the source said, numbers as numbers, and nothing else under its name', () => {
    const audio = { samplerate: 44100, channels: 2, quality: '3,0', listeners: 999, dummy: 'x' };
    const { source } = icestats(
      [
        mount('/a', {
          name: '"</script>',
          bitrate: 128,
          audio,
          audioInfo: 'samplerate=44100',
          url: 'http://x/',
        }),
      ],
      started,
      'h',
    );
    expect(source).toMatchObject({
      server_name: '"</script>',
      bitrate: 128,
      samplerate: 44100,
      channels: 2,
      quality: '3,0',
      audio_info: 'samplerate=44100',
      server_url: 'http://x/',
      listeners: 3,
      dummy: null,
    });
  });

  it('never counts below zero', () => {
    expect(icestats([mount('/a', { listeners: -1 })], started, 'h').source.listeners).toBe(0);
  });
});
