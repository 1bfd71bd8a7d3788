/** `/status-json.xsl` as Icecast 2.4 writes it: tools read it literally, odd rules included. */

import { SERVER_ID } from '../version.js';

/** What the status page tells of a mount. */
export interface MountStatus {
  readonly path: string;
  readonly contentType: string;
  readonly listeners: number;
  readonly listenerPeak: number;
  /** When its source began; epoch ms. */
  readonly startedAt: number;
  readonly name?: string | undefined;
  readonly genre?: string | undefined;
  readonly url?: string | undefined;
  readonly description?: string | undefined;
  /** What is being played. */
  readonly title?: string | undefined;
  /** kbit/s */
  readonly bitrate?: number | undefined;
  readonly audioInfo?: string | undefined;
  /** Parameters of audioInfo by their plain names. */
  readonly audio?: Readonly<Record<string, string | number>> | undefined;
}

/** Parameters of ice-audio-info that have a key of their own. */
const AUDIO_KEYS = ['channels', 'samplerate', 'quality'] as const;

/**
 * @param host value of the request's Host header, `host:port`
 * @param only path of the one mount that was asked for by `?mount=`
 */
export function statusJson(
  mounts: Iterable<MountStatus>,
  startedAt: number,
  host: string,
  only?: string | undefined,
): string {
  const sources: object[] = [];
  for (const mount of mounts) {
    if (only === undefined || only === mount.path) sources.push(sourceJson(mount, host));
  }
  const icestats = {
    admin: 'unknown',
    host: host.replace(/:\d+$/, ''),
    location: 'unknown',
    server_id: SERVER_ID,
    server_start: icecastDate(startedAt),
    server_start_iso8601: isoDate(startedAt),
    // No mount: no key. One: an object. Several: an array.
    ...(sources.length > 0 ? { source: sources.length === 1 ? sources[0] : sources } : {}),
    dummy: null,
  };
  return JSON.stringify({ icestats });
}

function sourceJson(mount: MountStatus, host: string): object {
  const audio: Record<string, string | number> = {};
  for (const key of AUDIO_KEYS) {
    const value = mount.audio?.[key];
    if (value !== undefined) audio[key] = value;
  }
  return {
    ...(mount.audioInfo === undefined ? {} : { audio_info: mount.audioInfo }),
    ...(mount.bitrate === undefined ? {} : { bitrate: mount.bitrate }),
    ...audio,
    genre: mount.genre ?? 'various',
    listener_peak: mount.listenerPeak,
    listeners: Math.max(0, mount.listeners),
    listenurl: `http://${host}${encodeURI(mount.path)}`,
    server_description: mount.description ?? 'Unspecified description',
    server_name: mount.name ?? 'Unspecified name',
    server_type: mount.contentType,
    ...(mount.url === undefined ? {} : { server_url: mount.url }),
    stream_start: icecastDate(mount.startedAt),
    stream_start_iso8601: isoDate(mount.startedAt),
    ...(mount.title === undefined ? {} : { title: mount.title }),
    dummy: null,
  };
}

/** `Sun, 22 Nov 2026 16:26:09 +0000` */
function icecastDate(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000');
}

/** `2026-11-22T16:26:09+0000` */
function isoDate(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}+0000`;
}
