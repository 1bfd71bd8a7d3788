// Streams of every format, made by ffmpeg: a few seconds of a test picture and a tone, as encoders send them live.
import { spawnSync } from 'node:child_process';

const PICTURE = '-f lavfi -i testsrc2=size=192x108:rate=25';
const TONE = '-f lavfi -i sine=frequency=440:sample_rate=48000';
const BOTH = `${PICTURE} ${TONE}`;
const GOP = '-pix_fmt yuv420p -g 25 -sc_threshold 0';
const X264 = `-c:v libx264 -preset ultrafast -tune zerolatency ${GOP}`;
const B_FRAMES = `-c:v libx264 -preset veryfast -bf 2 ${GOP}`;
const VP8 = '-c:v libvpx -deadline realtime -cpu-used 8 -b:v 300k -g 25';
const VP9 = '-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 25';
const X265 =
  '-c:v libx265 -preset ultrafast -pix_fmt yuv420p -x265-params log-level=none:keyint=25:min-keyint=25';
const AAC = '-c:a aac -b:a 64k';
const MP3 = '-c:a libmp3lame -b:a 64k';
const PAGES = '-page_duration 200000 -f ogg';

const UNTIMED = ['multipart', 'h264', 'h265'];
const sample = (video, [name, format, suffix, type, args]) => {
  return { name, format, suffix, type, video, timed: !UNTIMED.includes(format), args };
};
const audio = (...rest) => sample(false, rest);
const video = (...rest) => sample(true, rest);

/**
 * `format`: what flumen calls it. `suffix`: of the mount's path. `type`: what its listeners must be told. `video`: there
 * is a picture, so that the first one must be a key frame. `timed`: the stream says when it is played. `args`: of ffmpeg, without length and output.
 */
export const SAMPLES = [
  audio('MP3', 'mp3', 'mp3', 'audio/mpeg', `${TONE} ${MP3} -f mp3`),
  audio(
    'MP3 VBR with ID3',
    'mp3',
    'mp3',
    'audio/mpeg',
    `${TONE} -c:a libmp3lame -q:a 4 -metadata title=Tone -id3v2_version 3 -f mp3`,
  ),
  audio('AAC (ADTS)', 'aac', 'aac', 'audio/aac', `${TONE} ${AAC} -f adts`),
  audio('Ogg Vorbis', 'ogg', 'ogg', 'audio/ogg', `${TONE} -c:a libvorbis ${PAGES}`),
  audio('Ogg Opus', 'ogg', 'opus', 'audio/ogg', `${TONE} -c:a libopus -b:a 64k ${PAGES}`),
  audio('Ogg FLAC', 'ogg', 'oga', 'audio/ogg', `${TONE} -c:a flac ${PAGES}`),
  video(
    'Ogg Theora and Vorbis',
    'ogg',
    'ogv',
    'video/ogg',
    `${BOTH} -c:v libtheora -b:v 300k -g 25 -c:a libvorbis -f ogg`,
  ),
  video('WebM VP8 and Opus', 'webm', 'webm', 'video/webm', `${BOTH} ${VP8} -c:a libopus -f webm`),
  video('WebM VP9, live', 'webm', 'webm', 'video/webm', `${PICTURE} ${VP9} -live 1 -f webm`),
  audio('WebM Opus', 'webm', 'weba', 'audio/webm', `${TONE} -c:a libopus -cluster_time_limit 500 -f webm`),
  video('FLV H.264 and AAC', 'flv', 'flv', 'video/x-flv', `${BOTH} ${X264} ${AAC} -f flv`),
  audio('FLV MP3', 'flv', 'flv', 'video/x-flv', `${TONE} -ar 44100 ${MP3} -f flv`),
  video(
    'MPEG-TS H.264 with B frames, AAC',
    'mpegts',
    'ts',
    'video/mp2t',
    `${BOTH} ${B_FRAMES} ${AAC} -f mpegts`,
  ),
  video(
    'MPEG-TS MPEG-2 and MP2',
    'mpegts',
    'ts',
    'video/mp2t',
    `${BOTH} -c:v mpeg2video -b:v 500k -g 25 -c:a mp2 -f mpegts`,
  ),
  audio('MPEG-TS AAC', 'mpegts', 'ts', 'video/mp2t', `${TONE} ${AAC} -f mpegts`),
  video(
    'MP4 (fragmented) H.264 and AAC',
    'mp4',
    'mp4',
    'video/mp4',
    `${BOTH} ${X264} ${AAC} -movflags frag_keyframe+empty_moov+default_base_moof -f mp4`,
  ),
  video('CMAF H.264', 'mp4', 'mp4', 'video/mp4', `${PICTURE} ${X264} -movflags cmaf+frag_every_frame -f mp4`),
  audio(
    'MP4 (fragmented) AAC',
    'mp4',
    'm4a',
    'audio/mp4',
    `${TONE} ${AAC} -movflags empty_moov+default_base_moof -frag_duration 500000 -f mp4`,
  ),
  video(
    'ASF WMV2 and WMA',
    'asf',
    'asf',
    'video/x-ms-asf',
    `${BOTH} -c:v wmv2 -b:v 300k -g 25 -c:a wmav2 -f asf`,
  ),
  video(
    'Multipart JPEG',
    'multipart',
    'mjpeg',
    'multipart/x-mixed-replace; boundary=ffmpeg',
    `${PICTURE} -c:v mjpeg -f mpjpeg`,
  ),
  video('H.264', 'h264', 'h264', 'video/h264', `${PICTURE} ${B_FRAMES} -f h264`),
  video('H.265', 'h265', 'h265', 'video/h265', `${PICTURE} ${X265} -f hevc`),
  audio('WAV', 'wav', 'wav', 'audio/wav', `${TONE} -c:a pcm_s16le -f wav`),
  audio('FLAC', 'flac', 'flac', 'audio/flac', `${TONE} -c:a flac -f flac`),
];

/** The bytes of so many seconds, as they come out of a pipe. */
export function makeSample({ args }, seconds) {
  const timed = args.replaceAll('-i ', `-t ${seconds} -i `).split(' ');
  return program('ffmpeg', ['-v', 'error', '-nostdin', ...timed, 'pipe:1']).stdout;
}

/** What ffmpeg says to a stream that it is to decode: "" is a clean bill. */
export function complaints(bytes) {
  const { status, stderr } = program('ffmpeg', ['-v', 'error', '-i', 'pipe:0', '-f', 'null', '-'], bytes);
  return status === 0 ? stderr : `exit ${status}: ${stderr}`;
}

/** Whether the first picture that comes out of a decoder is a key frame. */
export function beginsWithKeyFrame(bytes) {
  const first = '-select_streams v -read_intervals %+#1 -show_entries frame=key_frame -of csv=p=0'.split(' ');
  return program('ffprobe', ['-v', 'error', ...first, '-i', 'pipe:0'], bytes)
    .stdout.toString()
    .startsWith('1');
}

function program(command, args, input) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { input, maxBuffer: 1 << 28 });
  // A reader that has seen enough closes its end.
  if (error !== undefined && error.code !== 'EPIPE') throw error;
  if (input === undefined && status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return { status, stdout, stderr: stderr.toString() };
}
