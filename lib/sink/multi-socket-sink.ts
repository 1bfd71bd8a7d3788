import { MultiHandleSink } from './multi-handle-sink.js';

/** A sink for sockets only (GStreamer: multisocketsink): the descriptor of a pipe or file is refused (ENOTSOCK). */
export class MultiSocketSink extends MultiHandleSink {
  protected override get socketsOnly(): boolean {
    return true;
  }
}
