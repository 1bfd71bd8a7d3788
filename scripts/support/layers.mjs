// The direction of knowledge: which folder may use which. Read by check-layers.mjs; explained in docs/architecture.md.
// A new folder gets a line here, and the line is reviewed like code. Every folder may use itself.

/** Folders of native/core, from the ground up, and what each may include. */
export const coreEdges = {
  base: [],
  sys: ['base'],
  timeline: ['base'],
  gdp: ['base', 'timeline'],
  container: ['base', 'timeline'],
  wire: ['base', 'timeline', 'gdp'],
  client: ['base', 'sys', 'timeline', 'wire'],
  sink: ['base', 'sys', 'timeline', 'wire', 'client'],
  source: ['base', 'sys', 'timeline', 'gdp', 'container', 'sink'],
  loop: ['base', 'sys', 'timeline', 'gdp', 'wire', 'client', 'sink', 'source'],
};

/** The other folders of native, and the first path parts their quoted includes may have. */
export const nativeEdges = {
  addon: ['addon', 'core'],
  test: ['test', 'core'],
  fuzz: ['fuzz', 'test', 'core'],
  bench: ['bench', 'core'],
};

/** The only folders of native/core that may know threads. */
export const threadFolders = ['sys', 'loop'];

// <atomic> is not here: reference counts are everywhere, but nothing outside loop and sys may start or block a thread.
export const threadHeaders = new Set(
  [
    'thread mutex shared_mutex condition_variable future semaphore latch barrier stop_token',
    'pthread.h threads.h semaphore.h',
  ].flatMap((line) => line.split(' ')),
);

/** Headers of Node, V8, libuv and Node-API: never in native/core. */
export const nodeHeader = /^(node|napi|uv|v8|js_native_api|libplatform|cppgc)([-_./].*)?$/;

// Small modules at the top of lib that everybody may use.
const common = ['errors', 'units', 'options', 'version'];

/** Folders and top-level modules of lib, and what each may import. */
export const libEdges = {
  errors: [],
  version: [],
  units: ['errors'],
  options: ['errors', 'units'],
  binding: common,
  native: [...common, 'binding'],
  // The bell: what the loops report goes to the sink or source it belongs to.
  environment: [...common, 'binding', 'native'],
  handoff: [...common, 'binding', 'native'],
  // Caps, events and other structures: typed values, and GStreamer's text for them.
  structure: [...common, 'binding', 'native'],
  // The codec in JavaScript: bytes in, packets out; knows of no descriptor.
  gdp: [...common, 'binding', 'native', 'structure'],
  sink: [...common, 'binding', 'native', 'environment', 'handoff', 'structure', 'gdp'],
  source: [...common, 'binding', 'native', 'environment', 'handoff', 'gdp', 'sink'],
  http: [...common, 'handoff', 'sink', 'source'],
  // Encoders speak something close to HTTP: ingest reads heads and writes replies with http's parts, never the other way.
  ingest: [...common, 'handoff', 'sink', 'source', 'http'],
  // How many files may be open: whoever accepts connections counts.
  descriptors: [],
  // Sockets to other programs. http's parts are for http:// end points.
  endpoint: [...common, 'descriptors', 'environment', 'sink', 'source', 'http'],
  // Inputs and outputs written as on a command line, and what becomes of them.
  relay: [...common, 'sink', 'source', 'endpoint'],
  // Of native the server asks only whether it is there.
  server: [...common, 'native', 'descriptors', 'handoff', 'sink', 'source', 'ingest', 'http'],
  cli: [...common, 'server', 'relay', 'gdp'],
  index: [
    ...common,
    'binding',
    'native',
    'environment',
    'handoff',
    'structure',
    'gdp',
    'sink',
    'source',
    'ingest',
    'http',
    'endpoint',
    'server',
  ],
};

/** The module that alone loads the .node file, and the folder that alone touches Node's private handle. */
export const addonLoader = 'native';
export const handleUser = 'handoff';
