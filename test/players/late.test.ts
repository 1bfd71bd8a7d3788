// Chromium joins streams that are under way: by <audio> and <video> alone, through mpegts.js, through Media Source.
/// <reference lib="dom" />

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSample, SAMPLES } from '../../bench/lib/samples.mjs';
import { event, later, publish, serve } from '../server/support.js';
import { BROWSER_ARGS, CHROMIUM } from './browser.js';

const MPEGTS = createRequire(import.meta.url).resolve('mpegts.js');

/** Seconds of the stream that are over when somebody joins, and that are still to come. */
const OLD = 12;
const MORE = 15;
const STEP_MS = 100;

/** What the page plays, and how far it has come. */
interface Playing {
  readonly time: number;
  readonly pictures: number;
  readonly error: string | undefined;
}

/** A mount with a stream that is older than what newcomers are given of it, and goes on at its own pace. */
async function underWay(name: string): Promise<string> {
  const sample = SAMPLES.find((one) => one.name === name);
  if (sample === undefined) throw new Error(`there is no sample ${name}`);
  const { server, port, url } = await serve({ flushInterval: 50 });
  const path = `/live.${sample.suffix}`;
  const bytes = makeSample(sample, OLD + MORE);
  const recognised = event(server, 'source-format');
  const source = await publish(port, path);
  let sent = Math.round((bytes.length * OLD) / (OLD + MORE));
  source.send(bytes.subarray(0, sent));
  const step = Math.ceil(((bytes.length / (OLD + MORE)) * STEP_MS) / 1000);
  const timer = setInterval(() => {
    source.send(bytes.subarray(sent, sent + step));
    sent += step;
  }, STEP_MS);
  later(() => clearInterval(timer));
  await recognised;
  return `${url}${path}`;
}

async function plays(page: Page, video: boolean): Promise<void> {
  const look = () => {
    const media = document.querySelector('#late') as HTMLVideoElement;
    const start = media.buffered.length > 0 ? media.buffered.start(0) : Number.POSITIVE_INFINITY;
    return {
      time: media.currentTime - start,
      pictures: media.getVideoPlaybackQuality?.().totalVideoFrames ?? 0,
      error: media.error?.message,
    };
  };
  const until = Date.now() + 15_000;
  let now: Playing = await page.evaluate(look);
  while (Date.now() < until && now.error === undefined && (now.time < 0.5 || (video && now.pictures < 5))) {
    await page.waitForTimeout(100);
    now = await page.evaluate(look);
  }
  expect(now.error).toBeUndefined();
  expect(now.time).toBeGreaterThan(0.5);
  if (video) expect(now.pictures).toBeGreaterThanOrEqual(5);
}

describe.skipIf(!existsSync(CHROMIUM) && !process.env.CI)(
  'a late listener in Chromium',
  { timeout: 60_000 },
  () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: CHROMIUM, args: BROWSER_ARGS });
    });
    afterAll(() => browser?.close());

    /** A page of somebody else's: the server's own lets in no foreign scripts. */
    async function open(): Promise<Page> {
      const page = await browser.newPage();
      later(() => page.close());
      return page;
    }

    it.each([
      ['MP3', 'audio'],
      ['Ogg Opus', 'audio'],
      ['WAV', 'audio'],
      ['WebM Opus', 'audio'],
      ['WebM VP8 and Opus', 'video'],
    ] as const)('%s plays in a bare <%s>', async (name, tag) => {
      const url = await underWay(name);
      const page = await open();
      await page.evaluate(
        ([kind, src]) => {
          const media = document.createElement(kind);
          media.id = 'late';
          media.src = src;
          document.body.prepend(media);
          void media.play();
        },
        [tag, url] as const,
      );
      await plays(page, tag === 'video');
    });

    it.each([
      ['FLV H.264 and AAC', 'flv'],
      ['MPEG-TS H.264 with B frames, AAC', 'mpegts'],
    ] as const)('%s plays through mpegts.js', async (name, type) => {
      const url = await underWay(name);
      const page = await open();
      await page.addScriptTag({ path: MPEGTS });
      await page.evaluate(
        ([kind, src]) => {
          const media = document.createElement('video');
          media.id = 'late';
          document.body.prepend(media);
          // biome-ignore lint/suspicious/noExplicitAny: the player is a global of the page
          const player = (globalThis as any).mpegts.createPlayer({ type: kind, isLive: true, url: src });
          player.attachMediaElement(media);
          player.load();
          void media.play();
        },
        [type, url] as const,
      );
      await plays(page, true);
    });

    it('multipart JPEG is a moving <img>', async () => {
      const url = await underWay('Multipart JPEG');
      const page = await open();
      await page.evaluate((src) => {
        const image = document.createElement('img');
        image.id = 'late';
        image.src = src;
        document.body.prepend(image);
      }, url);
      await page.waitForFunction(
        () => (document.querySelector('#late') as HTMLImageElement).naturalWidth === 192,
      );
    });

    it('fragmented MP4 plays through Media Source', async () => {
      const url = await underWay('MP4 (fragmented) H.264 and AAC');
      const page = await open();
      await page.evaluate((src) => {
        const media = document.createElement('video');
        media.id = 'late';
        document.body.prepend(media);
        const source = new MediaSource();
        media.src = URL.createObjectURL(source);
        source.addEventListener('sourceopen', async () => {
          const buffer = source.addSourceBuffer('video/mp4; codecs="avc1.42c00c, mp4a.40.2"');
          const { body } = await fetch(src);
          const reader = (body as ReadableStream<Uint8Array>).getReader();
          for (;;) {
            const { done, value } = await reader.read();
            if (done) break;
            buffer.appendBuffer(value as Uint8Array<ArrayBuffer>);
            await new Promise((resolve) => buffer.addEventListener('updateend', resolve, { once: true }));
            // The stream's own time goes on where it was: a player begins at what it has.
            if (media.currentTime === 0 && media.buffered.length > 0)
              media.currentTime = media.buffered.start(0);
          }
        });
        void media.play();
      }, url);
      await plays(page, true);
    });
  },
);
