// A wall of live pictures without a player: <img> and multipart JPEG.   node examples/mjpeg-wall.mjs 8000
// then open http://127.0.0.1:8000/. Needs ffmpeg, whose test pictures stand in for cameras.
import { spawn } from 'node:child_process';
import http from 'node:http';
import { FdSource, MultiSocketSink } from 'flumen';

const TYPE = 'multipart/x-mixed-replace;boundary=ffmpeg';

/** @param {string[]} input what ffmpeg reads: for a camera ['-i', 'rtsp://…'] */
function camera(input) {
  const sink = new MultiSocketSink({
    // The newest picture at once; who cannot keep up skips pictures and never shows an old one.
    syncMethod: 'latest-keyframe',
    softLimit: { frames: 2 },
    recoverPolicy: 'latest',
  });
  const args = ['-v', 'error', '-nostdin', ...input, '-f', 'mpjpeg', '-q:v', '5', '-'];
  const ffmpeg = spawn('ffmpeg', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  // Each part of the body is a frame. No picture passes through JavaScript.
  const source = new FdSource(sink, { format: 'multipart' });
  source.on('error', (error) => console.error(error.message));
  source.attach(ffmpeg.stdout, { contentType: TYPE });
  return sink;
}

const pattern = (name) => ['-re', '-f', 'lavfi', '-i', `${name}=size=320x240:rate=10`];
const cameras = new Map(
  ['testsrc', 'smptebars', 'rgbtestsrc', 'yuvtestsrc'].map((name) => [`/${name}`, camera(pattern(name))]),
);
const page = `<!doctype html><title>Wall</title>${[...cameras.keys()].map((path) => `<img src="${path}" alt="${path}">`).join('')}`;

const server = http.createServer((req, res) => {
  if (req.method !== 'GET') return res.writeHead(405).end();
  const sink = cameras.get(req.url ?? '');
  if (sink === undefined) return res.setHeader('Content-Type', 'text/html').end(page);
  res.setHeader('Content-Type', TYPE);
  res.setHeader('Cache-Control', 'no-store');
  sink.add(res);
});
server.listen(Number(process.argv[2] ?? 8000), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
