import { MultiHandleSink } from './multi-handle-sink.js';

/** A sink for any descriptor: sockets, pipes, files (GStreamer: multifdsink). */
export class MultiFdSink extends MultiHandleSink {}
